"""/member-classes, /members, /subsystems, /clients and /global-groups."""

from __future__ import annotations

from typing import Any

from ketnoi_exchange.actions import Actions
from ketnoi_exchange.admin.bodies import (
    Description,
    GroupBody,
    MemberAdd,
    MemberClassBody,
    MemberName,
    Members,
    SubsystemAdd,
    SubsystemName,
)
from ketnoi_exchange.admin.routing import LOOKING, REGISTRATION, SECURITY, Asked, Route, client, member, subsystem
from ketnoi_exchange.admin.views import Views


class MemberRoutes:
    """Who takes part."""

    def __init__(self, actions: Actions, views: Views) -> None:
        self._actions = actions
        self._views = views

    @property
    def routes(self) -> list[Route]:
        """Every address of this part."""
        return [
            Route("GET", "/member-classes", LOOKING, self._classes),
            Route("POST", "/member-classes", SECURITY, self._add_class),
            Route("PATCH", "/member-classes/{id}", SECURITY, self._describe_class),
            Route("DELETE", "/member-classes/{id}", SECURITY, self._remove_class),
            Route("GET", "/clients", LOOKING, self._clients),
            Route("POST", "/members", REGISTRATION, self._add),
            Route("GET", "/members/{id}", REGISTRATION, self._one),
            Route("PATCH", "/members/{id}", REGISTRATION, self._rename),
            Route("DELETE", "/members/{id}", REGISTRATION, self._remove),
            Route("GET", "/members/{id}/subsystems", REGISTRATION, self._subsystems),
            Route("GET", "/members/{id}/owned-servers", REGISTRATION, self._servers),
            Route("POST", "/subsystems", REGISTRATION, self._add_subsystem),
            Route("PATCH", "/subsystems/{id}", REGISTRATION, self._rename_subsystem),
            Route("DELETE", "/subsystems/{id}", REGISTRATION, self._remove_subsystem),
            Route("GET", "/global-groups", REGISTRATION, self._groups),
            Route("POST", "/global-groups", REGISTRATION, self._add_group),
            Route("GET", "/global-groups/{id}", REGISTRATION, self._group),
            Route("PATCH", "/global-groups/{id}", REGISTRATION, self._describe_group),
            Route("DELETE", "/global-groups/{id}", REGISTRATION, self._remove_group),
            Route("GET", "/global-groups/{id}/members", REGISTRATION, self._group_members),
            Route("POST", "/global-groups/{id}/members/add", REGISTRATION, self._add_to_group),
            Route("DELETE", "/global-groups/{id}/members/{client_id}", REGISTRATION, self._remove_from_group),
        ]

    async def _classes(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._views.member_classes()

    async def _add_class(self, asked: Asked) -> tuple[int, Any]:
        wanted = asked.body(MemberClassBody)
        await self._actions.add_member_class(asked.actor, wanted.code, wanted.description)
        return 201, wanted

    async def _describe_class(self, asked: Asked) -> tuple[int, Any]:
        code, description = asked.path["id"], asked.body(Description).description
        await self._actions.describe_member_class(asked.actor, code, description)
        return 200, MemberClassBody(code, description)

    async def _remove_class(self, asked: Asked) -> tuple[int, Any]:
        await self._actions.remove_member_class(asked.actor, asked.path["id"])
        return 204, None

    async def _clients(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._views.clients(asked.query)

    async def _add(self, asked: Asked) -> tuple[int, Any]:
        body = asked.body(MemberAdd)
        instance, _ = await self._actions.identity()
        id_ = member(f"{instance}:{body.member_id.member_class}:{body.member_id.member_code}")
        await self._actions.add_member(asked.actor, id_, body.member_name)
        return 201, await self._views.client(id_)

    async def _one(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._views.client(asked.member())

    async def _rename(self, asked: Asked) -> tuple[int, Any]:
        await self._actions.rename_member(asked.actor, asked.member(), asked.body(MemberName).member_name)
        return 200, await self._views.client(asked.member())

    async def _remove(self, asked: Asked) -> tuple[int, Any]:
        await self._actions.remove_member(asked.actor, asked.member())
        return 204, None

    async def _subsystems(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._views.subsystems(asked.member())

    async def _servers(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._views.servers_of(asked.member())

    async def _add_subsystem(self, asked: Asked) -> tuple[int, Any]:
        body = asked.body(SubsystemAdd)
        wanted = body.subsystem_id
        instance, _ = await self._actions.identity()
        id_ = subsystem(f"{instance}:{wanted.member_class}:{wanted.member_code}:{wanted.subsystem_code}")
        await self._actions.add_subsystem(asked.actor, id_, body.subsystem_name or None)
        return 201, await self._views.client(id_)

    async def _rename_subsystem(self, asked: Asked) -> tuple[int, Any]:
        name = asked.body(SubsystemName).subsystem_name
        await self._actions.rename_subsystem(asked.actor, asked.subsystem(), name)
        return 200, await self._views.client(asked.subsystem())

    async def _remove_subsystem(self, asked: Asked) -> tuple[int, Any]:
        await self._actions.remove_subsystem(asked.actor, asked.subsystem())
        return 204, None

    async def _groups(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._views.groups()

    async def _add_group(self, asked: Asked) -> tuple[int, Any]:
        wanted = asked.body(GroupBody)
        await self._actions.add_group(asked.actor, wanted.code, wanted.description)
        return 201, await self._views.group(wanted.code)

    async def _group(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._views.group(asked.path["id"])

    async def _describe_group(self, asked: Asked) -> tuple[int, Any]:
        await self._actions.describe_group(asked.actor, asked.path["id"], asked.body(Description).description)
        return 200, await self._views.group(asked.path["id"])

    async def _remove_group(self, asked: Asked) -> tuple[int, Any]:
        await self._actions.remove_group(asked.actor, asked.path["id"])
        return 204, None

    async def _group_members(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._views.group_members(asked.path["id"])

    async def _add_to_group(self, asked: Asked) -> tuple[int, Any]:
        wanted = asked.body(Members)
        clients = [client(text) for text in wanted.items]
        await self._actions.add_to_group(asked.actor, asked.path["id"], clients)
        return 201, wanted

    async def _remove_from_group(self, asked: Asked) -> tuple[int, Any]:
        await self._actions.remove_from_group(asked.actor, asked.path["id"], client(asked.path["client_id"]))
        return 204, None
