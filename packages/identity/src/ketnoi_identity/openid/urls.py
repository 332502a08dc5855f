"""Addresses of the provider."""

from django.urls import path

from ketnoi_identity.openid import discovery, officer_views, token_views, views

app_name = "openid"

urlpatterns = [
    path(".well-known/openid-configuration", discovery.configuration, name="configuration"),
    path(".well-known/oauth-authorization-server", discovery.configuration, name="metadata"),
    path("openid/authorize", views.authorize, name="authorize"),
    path("openid/token", token_views.token, name="token"),
    path("openid/userinfo", token_views.userinfo, name="userinfo"),
    path("openid/keys", discovery.told_keys, name="keys"),
    path("openid/officer-token", officer_views.officer_token, name="officer-token"),
]
