"""The one table of what the worker does, and how often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from ketnoi_pages.text import Text

PUBLISHING: Final = "publishing"
MAIL: Final = "mail"
MAILBOXES: Final = "mailboxes"
PROCESS: Final = "process"
CONNECTION: Final = "connection"
MONITORING: Final = "monitoring"
ALARMS: Final = "alarms"
IDENTITIES: Final = "identities"


@dataclass(frozen=True, slots=True)
class Task:
    """One row: `call` (`module:function`, no arguments) runs every so many seconds.

    A task must bear being killed at any point and being run again: all it knows is in the database. Tasks of one
    `lane` run one after another, lanes run side by side, so that a slow mail server holds up no revocation.
    """

    name: str
    title: Text
    every: float
    lane: str
    call: str

    def load(self) -> Callable[[], object]:
        """The function itself. Raises ImportError, AttributeError."""
        module, _, name = self.call.partition(":")
        loaded: Callable[[], object] = getattr(import_module(module), name)
        return loaded


# A room adds its row here; the function takes nothing and opens its own transactions.
TASKS: Final[tuple[Task, ...]] = (
    Task(
        "publication.reconcile",
        Text("Áp cấu hình lên máy chủ bảo mật", "Bring the security servers to what is approved"),
        1.0,
        PUBLISHING,
        "ketnoi_portal.publication.reconciliation:reconcile",
    ),
    Task(
        "fetch_alarms",
        Text("Lấy cảnh báo từ cơ sở dữ liệu", "Fetch the alarms of the registries"),
        10,
        ALARMS,
        "ketnoi_portal.alarms.fetching:fetch",
    ),
    Task(
        "send_clients",
        Text("Báo hệ thống định danh nơi được đăng nhập", "Tell the identity systems where people may sign in"),
        5,
        IDENTITIES,
        "ketnoi_portal.identities.sending:send",
    ),
    Task(
        "exchange_objections",
        Text("Lấy phản ánh của công dân, gửi câu trả lời", "Fetch citizens' objections, send answers"),
        10,
        IDENTITIES,
        "ketnoi_portal.identities.fetching:exchange",
    ),
    Task(
        "drop_old_objections",
        Text("Xóa phản ánh đã trả lời, hết hạn lưu giữ", "Delete answered objections that are kept no longer"),
        3600,
        IDENTITIES,
        "ketnoi_portal.identities.retention:drop_answered",
    ),
    Task(
        "fetch_terms",
        Text("Lấy việc chấp nhận điều khoản của cán bộ", "Fetch which terms officers have accepted"),
        20,
        IDENTITIES,
        "ketnoi_portal.identities.terms:fetch",
    ),
    Task(
        "fetch_traffic",
        Text("Lấy số lượt gọi từ máy chủ bảo mật", "Fetch the counts of calls from the security servers"),
        300,
        MONITORING,
        "ketnoi_portal.publication.traffic:fetch",
    ),
    Task(
        "lapse_reviews",
        Text("Tạm khóa tài khoản quá hạn rà soát", "Suspend accounts that no review confirmed"),
        3600,
        PROCESS,
        "ketnoi_portal.accounts.tasks:lapse_reviews",
    ),
    Task(
        "expire_accounts",
        Text("Đưa tài khoản hết hạn ra khỏi danh bạ", "Take accounts out that have reached their end date"),
        60,
        PROCESS,
        "ketnoi_portal.accounts.tasks:expire",
    ),
    Task(
        "watch_account_deadlines",
        Text("Nhắc việc và báo quá hạn về tài khoản", "Tell, remind and escalate what accounts wait for"),
        300,
        PROCESS,
        "ketnoi_portal.accounts.deadlines:run",
    ),
    Task(
        "pass_time",
        Text("Ghi nhận văn bản, đăng ký hết hạn", "Record what has lapsed or ended"),
        300,
        PROCESS,
        "ketnoi_portal.onboarding.time_passing:run",
    ),
    Task(
        "watch_deadlines",
        Text("Nhắc việc sắp đến hạn, báo việc quá hạn", "Remind before deadlines, escalate after"),
        300,
        PROCESS,
        "ketnoi_portal.notices.deadlines:run",
    ),
    Task(
        "remind_of_certificates",
        Text("Nhắc cơ quan thay chứng thư sắp hết hạn", "Remind agencies of certificates that end soon"),
        3600,
        PROCESS,
        "ketnoi_portal.notices.ending_certificates:run",
    ),
    Task(
        "find_desks",
        Text("Tìm bộ phận cho hồ sơ chưa có nơi xử lý", "Find desks for what waits at none"),
        3600,
        PROCESS,
        "ketnoi_portal.day.keeping:mend",
    ),
    Task(
        "read_mailboxes",
        Text("Nhận thư đăng ký", "Read the mailboxes"),
        10,
        MAILBOXES,
        "ketnoi_portal.mailroom.polling:poll",
    ),
    Task(
        "send_letters",
        Text("Gửi thư", "Send letters"),
        5,
        MAIL,
        "ketnoi_portal.notices.sending:send",
    ),
    Task(
        "drop_given_up_letters",
        Text("Xóa nội dung thư không gửi được", "Delete the words of letters that were given up"),
        3600,
        MAIL,
        "ketnoi_portal.notices.retention:drop_given_up",
    ),
    Task(
        "drop_old_originals",
        Text("Xóa bản gốc thư đăng ký hết hạn lưu giữ", "Delete originals of letters that are kept no longer"),
        3600,
        MAILBOXES,
        "ketnoi_portal.mailroom.retention:drop_originals",
    ),
    Task(
        "run_connection_checks",
        Text("Kiểm tra kết nối theo yêu cầu", "Run the connection checks that were asked for"),
        2,
        CONNECTION,
        "ketnoi_portal.connection.checking:run_waiting",
    ),
    Task(
        "run_rotation_checks",
        Text("Kiểm tra kết nối dưới chứng thư kế tiếp", "Run the checks under next certificates"),
        2,
        CONNECTION,
        "ketnoi_portal.connection.rotation:run_waiting",
    ),
    Task(
        "prove_test_calls",
        Text("Xác minh bằng chứng gọi thử", "Verify the evidence of test calls"),
        2,
        CONNECTION,
        "ketnoi_portal.connection.proving:settle_waiting",
    ),
    Task(
        "watch_certificates",
        Text("Theo dõi hạn chứng thư trong cấu hình chung", "Watch the certificates of the global configurations"),
        3600,
        CONNECTION,
        "ketnoi_portal.connection.expiring:watch",
    ),
)
