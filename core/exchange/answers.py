"""What Exchange answers, and what to do about it: the one table of EWS response codes.

Codes are those of MS-OXWSCDATA 2.2.5.24 (ResponseCodeType). What each one looks like on the wire was measured with
exchangelib 5.6, Exchange's own documents, and gromox 3.10 as a second server. Failures of the connection and of HTTP
are in `core.exchange.link`.
"""

import re
from dataclasses import dataclass, replace
from typing import Final

from core.exchange.soap import Answer
from core.mail.size import about
from core.ports.failure import Action, Failure

_FULL_TEXT: Final = re.compile(
    r"quota|mailbox is full|over(?:\s|-)?limit|ShutoffQuotaExceeded|storage limit|not enough (?:space|storage)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Row:
    """`item`: one message may be to blame, so that a batch is worth splitting. `late`: it may come after a change.

    `sized`: the message's size belongs to the cause. `alone`: it says nothing of other mailboxes. `form`: it is the
    message's MIME, and not what we set beside it.
    """

    action: Action
    cause: str
    cure: str = ""
    item: bool = False
    late: bool = False
    quota: bool = False
    sign_in: bool = False
    sized: bool = False
    alone: bool = False
    form: bool = False


_BUSY = _Row(
    Action.WAIT,
    "Exchange asks for fewer or slower requests",
    "if it goes on, give the migration account a throttling policy without limits (New-ThrottlingPolicy)",
)
_CONNECTIONS = _Row(
    Action.WAIT,
    "Exchange allows this account no more connections",
    "lower destination.max_connections, or raise EwsMaxConcurrency for the account",
)
_STUMBLED = _Row(Action.RETRY, "Exchange could not finish the request just now", late=True, alone=True)
_AWAY = _Row(Action.RETRY, "the mailbox database cannot be reached just now", late=True, alone=True)
_DIRECTORY = _Row(Action.RETRY, "Exchange cannot reach its directory just now", late=True)
_MOVING = _Row(
    Action.WAIT,
    "the mailbox is being moved to another database",
    "it goes on by itself when that is over",
    late=True,
    alone=True,
)
_FULL = _Row(
    Action.STOP_MAILBOX, "the mailbox is full", "raise its quota (Set-Mailbox), then start it again", quota=True
)
_SAVES_NOTHING = _Row(
    Action.STOP_MAILBOX,
    "Exchange saves no message any more, as if the mailbox were full",
    "raise its quota (Set-Mailbox), then start it again; if it is not full, the server's event log says why",
    quota=True,
)
_FOLDER_FULL = _Row(
    Action.STOP_MAILBOX,
    "the folder holds as many messages as Exchange allows",
    "map part of the source to other folders (options.folder_map), then start it again",
    quota=True,
)
_TOO_BIG = _Row(
    Action.REJECT,
    "the message is larger than this mailbox may receive",
    "raise MaxReceiveSize (Set-Mailbox, Set-TransportConfig), then run again with --retry-rejected",
    item=True,
    sized=True,
)
_REQUEST_TOO_BIG = _Row(
    Action.REJECT,
    "the message is larger than one EWS request may be",
    "raise maxAllowedContentLength and maxReceivedMessageSize in EWS web.config, then run again with --retry-rejected",
    item=True,
    sized=True,
)
_FORM = _Row(
    Action.REJECT, "Exchange cannot make an item of this message", "open it at the source", item=True, form=True
)
_PROPERTIES = replace(_FORM, form=False)
_ATTACHMENTS = _Row(
    Action.REJECT, "Exchange does not take this message's attachments", "open it at the source", item=True
)
_VIRUS = _Row(Action.REJECT, "a virus scanner at the destination refuses the message", item=True)
_INTERNAL = _Row(
    Action.REJECT,
    "Exchange failed on this message and gives no reason",
    "look at its event log, then run again with --retry-rejected",
    item=True,
    late=True,
)
_LOST = _Row(
    Action.REJECT,
    "Exchange lost the message while it saved it",
    "run again with --retry-rejected",
    item=True,
    late=True,
)
_SCHEMA = _Row(Action.REJECT, "Exchange does not understand the request", "run again with --retry-rejected", item=True)
_DENIED = _Row(
    Action.STOP_MAILBOX,
    "the account may not write to this mailbox",
    "grant it full access (Add-MailboxPermission -AccessRights FullAccess), or use impersonation",
)
_IMPERSONATION = _Row(
    Action.STOP_MAILBOX,
    "the account may not impersonate this mailbox's user",
    "grant it (New-ManagementRoleAssignment -Role ApplicationImpersonation), with a scope that holds this mailbox",
)
_NO_MAILBOX = _Row(
    Action.STOP_MAILBOX,
    "there is no such mailbox at the destination",
    "create it, or correct the mailbox's destination address",
)
_ALIAS = _Row(
    Action.STOP_MAILBOX,
    "the destination address is not the mailbox's primary address",
    "use its primary SMTP address in the batch file",
)
_DISABLED = _Row(
    Action.STOP_MAILBOX, "the account at the destination is disabled", "enable it, then start the mailbox again"
)
_EXPIRED = _Row(Action.STOP_MAILBOX, "the account's password has expired", "set a new one", sign_in=True)
_FOLDER_GONE = _Row(Action.RETRY, "the folder is gone from the destination", alone=True)
_FOLDER_THERE = _Row(Action.RETRY, "a folder of this name is there already", alone=True)
_RESERVED = _Row(
    Action.STOP_MAILBOX,
    "Exchange does not take a folder of this name",
    "give it another with options.folder_map",
)
_VERSION = _Row(
    Action.STOP_BATCH,
    "the server is older than Exchange 2013 SP1",
    "check destination.url, or update the server",
)
_BLOCKED = _Row(
    Action.STOP_BATCH,
    "the organisation does not allow Exchange Web Services",
    "allow it (Set-OrganizationConfig -EwsEnabled, -EwsApplicationAccessPolicy)",
)

_ROWS: Final[dict[str, _Row]] = {
    "ErrorServerBusy": _BUSY,
    "ErrorBatchProcessingStopped": _BUSY,
    "ErrorTooManyObjectsOpened": _BUSY,
    "ErrorInsufficientResources": _BUSY,
    "ErrorNotEnoughMemory": _BUSY,
    "ErrorExceededFindCountLimit": _BUSY,
    "ErrorExceededConnectionCount": _CONNECTIONS,
    "ErrorInternalServerTransientError": _STUMBLED,
    "ErrorTimeoutExpired": _STUMBLED,
    "ErrorRequestAborted": _STUMBLED,
    "ErrorStaleObject": _STUMBLED,
    "ErrorConnectionFailed": _AWAY,
    "ErrorMailboxStoreUnavailable": _AWAY,
    "ErrorMailboxFailover": _AWAY,
    "ErrorMailboxLogonFailed": _AWAY,
    "ErrorProxyCallFailed": _AWAY,
    "ErrorProxyRequestProcessingFailed": _AWAY,
    "ErrorNoRespondingCASInDestinationSite": _AWAY,
    "ErrorNoApplicableProxyCASServersAvailable": _AWAY,
    "ErrorADUnavailable": _DIRECTORY,
    "ErrorADOperation": _DIRECTORY,
    "ErrorServiceDiscoveryFailed": _DIRECTORY,
    "ErrorMailboxMoveInProgress": _MOVING,
    "ErrorQuotaExceeded": _FULL,
    "ErrorMessagePerFolderCountReceiveQuotaExceeded": _FOLDER_FULL,
    "ErrorMessageSizeExceeded": _TOO_BIG,
    "ErrorDataSizeLimitExceeded": _TOO_BIG,
    "ErrorRequestStreamTooBig": _REQUEST_TOO_BIG,
    "ErrorAttachmentSizeLimitExceeded": _ATTACHMENTS,
    "ErrorAttachmentNestLevelLimitExceeded": replace(_ATTACHMENTS, form=True),
    "ErrorMimeContentInvalid": _FORM,
    "ErrorMimeContentInvalidBase64String": _PROPERTIES,  # we wrote that
    "ErrorMimeContentConversionFailed": _FORM,
    "ErrorContentConversionFailed": _FORM,
    "ErrorUnsupportedMimeConversion": _FORM,
    "ErrorItemCorrupt": _FORM,
    "ErrorCorruptData": _FORM,
    "ErrorItemSave": _FORM,
    "ErrorItemSavePropertyError": _FORM,
    "ErrorPropertyValidationFailure": _FORM,
    "ErrorInvalidExtendedPropertyValue": _PROPERTIES,
    "ErrorInvalidPropertyRequest": _PROPERTIES,
    "ErrorVirusDetected": _VIRUS,
    "ErrorVirusMessageDeleted": _VIRUS,
    "ErrorInternalServerError": _INTERNAL,
    "ErrorItemNotFound": _LOST,
    "ErrorInvalidChangeKey": _LOST,
    "ErrorInvalidRequest": replace(_SCHEMA, late=True),
    "ErrorSchemaValidation": _SCHEMA,
    "ErrorAccessDenied": _DENIED,
    "ErrorCreateItemAccessDenied": _DENIED,
    "ErrorCreateSubfolderAccessDenied": _DENIED,
    "ErrorNotDelegate": _DENIED,
    "ErrorImpersonateUserDenied": _IMPERSONATION,
    "ErrorImpersonationDenied": _IMPERSONATION,
    "ErrorImpersonationFailed": _IMPERSONATION,
    "ErrorInvalidExchangeImpersonationHeaderData": _IMPERSONATION,
    "ErrorNonExistentMailbox": _NO_MAILBOX,
    "ErrorMissingEmailAddress": _NO_MAILBOX,
    "ErrorInvalidSmtpAddress": _NO_MAILBOX,
    "ErrorInvalidMailbox": _NO_MAILBOX,
    "ErrorNonPrimarySmtpAddress": _ALIAS,
    "ErrorAccountDisabled": _DISABLED,
    "ErrorPasswordExpired": _EXPIRED,
    "ErrorPasswordChangeRequired": _EXPIRED,
    "ErrorFolderNotFound": _FOLDER_GONE,
    "ErrorSavedItemFolderNotFound": _FOLDER_GONE,
    "ErrorParentFolderNotFound": _FOLDER_GONE,
    "ErrorToFolderNotFound": _FOLDER_GONE,
    "ErrorInvalidFolderId": _FOLDER_GONE,
    "ErrorInvalidIdMalformed": _FOLDER_GONE,
    "ErrorFolderExists": _FOLDER_THERE,
    "ErrorFolderSave": _RESERVED,
    "ErrorFolderSaveFailed": _RESERVED,
    "ErrorFolderSavePropertyError": _RESERVED,
    "ErrorMoveDistinguishedFolder": _RESERVED,
    "ErrorInvalidServerVersion": _VERSION,
    "ErrorIncorrectSchemaVersion": _VERSION,
    "ErrorInvalidSchemaVersionForMailboxVersion": _VERSION,
    "ErrorWrongServerVersion": _VERSION,
    "ErrorOrganizationAccessBlocked": _BLOCKED,
}

_UNKNOWN_ITEM = _Row(
    Action.REJECT, "Exchange refuses this message", "look the code up, then run again with --retry-rejected", late=True
)
_UNKNOWN_REQUEST = replace(_UNKNOWN_ITEM, item=True)
_UNKNOWN_CALL = _Row(Action.STOP_MAILBOX, "Exchange refuses the request", "look the code up, then start again")


def knows(code: str) -> bool:
    """Whether a code stands in the table."""
    return code in _ROWS


def of_item(answer: Answer, size: int) -> Failure:
    """What the answer to one created message of `size` bytes means."""
    return _failure(answer, _row(answer, _UNKNOWN_ITEM), size)


def is_unsaved(failure: Failure) -> bool:
    """Whether a message was not saved, and why was not said: its form, or a full mailbox (gromox 3.10 says no more)."""
    return failure.code == "ErrorItemSave" and failure.action is Action.REJECT


def of_unsaved(failure: Failure) -> Failure:
    """What it means when that goes for one message after the other."""
    return _failure(Answer(failure.code, failure.said), _SAVES_NOTHING)


def of_request(answer: Answer, items: int, size: int) -> Failure:
    """What a fault means for a request that creates `items` messages, of `size` bytes together.

    It concerns all of them, or one has spoiled it for all.
    """
    row = _row(answer, _UNKNOWN_REQUEST)
    failure = _failure(answer, row, size)
    if not row.item or items == 1:
        return failure
    return replace(
        failure,
        action=Action.SPLIT,
        cause="one of several messages seems to spoil the request",
        cure="they are sent apart",
    )


def of_call(answer: Answer, *, writes: bool = False) -> Failure:
    """What a fault or an error answer means for any other call; `writes`: it was to change something."""
    row = _row(answer, _UNKNOWN_CALL)
    if row.item:  # no message is involved: the server's own trouble, or ours with its dialect
        row = _STUMBLED if row is _INTERNAL else _UNKNOWN_CALL
    return replace(_failure(answer, row), in_doubt=writes and row.late)


def _row(answer: Answer, unknown: _Row) -> _Row:
    row = _ROWS.get(answer.code, unknown)
    # Over quota comes as ErrorItemSave too, or as an internal error that only its text explains.
    if row in {_FORM, _PROPERTIES, _INTERNAL} and _FULL_TEXT.search(answer.said):
        return _FULL
    return row


def _failure(answer: Answer, row: _Row, size: int = 0) -> Failure:
    return Failure(
        row.action,
        answer.code or "NoCode",
        f"{row.cause}: {about(size)}" if row.sized else row.cause,
        said=answer.said,
        cure=row.cure,
        seconds=answer.seconds if row.action is Action.WAIT else None,
        in_doubt=row.late,
        quota=row.quota,
        sign_in=row.sign_in,
        alone=row.alone,
        form=row.form,
    )
