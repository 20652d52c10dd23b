"""Every problem type of the API with its status and what it asks of the caller. Once published, a type never
changes.
"""

from __future__ import annotations

KINDS: dict[str, tuple[int, str]] = {
    "bad-request": (400, "The body is no JSON in UTF-8, or an address or header cannot be read."),
    "sign-in-required": (401, "No valid token: none was sent, or it was revoked or has expired."),
    "forbidden": (403, "The token lacks the scope, or the member's role does not allow the call."),
    "not-permitted": (403, "The member's role does not include this step of the workflow."),
    "step-up-required": (403, "The token's person confirms at `/confirm` in the browser first, or signs in anew."),
    "second-factor-required": (403, "The organization asks for a second step to sign in; the token's person has none."),
    "not-found": (404, "It does not exist, or is not yours to see."),
    "method-not-allowed": (405, "The address knows other methods: see `Allow`."),
    "transition-not-allowed": (
        409,
        "The report's status does not allow the step; `report_status` and `allowed_actions` say what it does.",
    ),
    "figures-missing": (409, "Lines have no chargeable units; `errors` names them."),
    "prices-missing": (409, "Lines have no price, which the distributor fills in; `errors` names them."),
    "comment-required": (409, "Lines have to be explained by a comment or another figure; `errors` names them."),
    "nil-not-confirmed": (409, 'A report without lines is submitted with `{"nil": true}` only.'),
    "endorsement-required": (
        409,
        "The total is over the account's limit: somebody else has to endorse the report first.",
    ),
    "stale-line": (
        409,
        "Somebody changed these lines meanwhile; `lines` holds their present values. Nothing was saved.",
    ),
    "roll-up-moved": (409, "What would be rolled up is not what the dry run showed any more: ask for another one."),
    "conflict": (409, "It is not in a state in which this can be done, or somebody was faster."),
    "idempotency-key-reused": (409, "The Idempotency-Key was used for another request."),
    "idempotency-key-in-use": (409, "The first request with this Idempotency-Key is still being worked on."),
    "length-required": (411, "The body came without its length; chunked bodies are not taken."),
    "stale-version": (412, "The report changed since you read it; `current_version` is the present one."),
    "content-too-large": (413, "The body is larger than 5 MB."),
    "unsupported-media-type": (415, "The body has another Content-Type than the call takes."),
    "invalid-input": (422, "Something that was sent was refused; `errors` names each place. Nothing was changed."),
    "reason-required": (422, "The step needs a reason that is more than white space."),
    "invalid-cycle": (422, "That is no report cycle."),
    "invalid-terms": (422, "A term of an account makes no sense."),
    "invalid-units": (422, "That is no number of units."),
    "version-required": (428, "Say which version you saw: `If-Match`."),
    "too-many-requests": (429, "Wait as long as `Retry-After` says."),
    "internal-error": (500, "Something failed on our side and was recorded under `error_id`."),
    "unavailable": (503, "The database did not answer in time; nothing was changed. Try again after `Retry-After`."),
}
