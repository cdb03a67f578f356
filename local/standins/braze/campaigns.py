"""GET /campaigns/list (facts 6)."""

from datetime import datetime

from local.standins.braze.gate import admit, spend, turn_away
from local.standins.braze.rates import shared_windows
from local.standins.braze.workspace import Campaign, Workspace
from local.standins.web import Json, Reply, Request, json_reply

PAGE = 100


def list_campaigns(workspace: Workspace, request: Request) -> Reply:
    """List campaigns by creation, a hundred a page; paused or not is not told."""
    admit(workspace, request, "campaigns.list")
    query = request.query
    page = query.get("page", "0")
    direction = query.get("sort_direction", "asc")
    if not page.isdigit() or direction not in {"asc", "desc"}:
        raise turn_away(400, "Bad Request")
    told = spend(workspace, shared_windows(workspace.modes))
    archived = query.get("include_archived", "false") == "true"
    since = query.get("last_edit.time[gt]")
    kept = [
        one for one in workspace.campaigns.values() if (archived or not one.archived) and _after(one, since)
    ]
    if direction == "desc":
        kept.reverse()
    start = int(page) * PAGE
    answer = {"message": "success", "campaigns": [_shown(one) for one in kept[start : start + PAGE]]}
    return json_reply(200, answer, told)


def _after(campaign: Campaign, since: str | None) -> bool:
    if since is None:
        return True
    try:
        edge = datetime.fromisoformat(since)
    except ValueError:
        raise turn_away(400, "Bad Request") from None
    return datetime.fromisoformat(campaign.last_edited).replace(tzinfo=None) > edge.replace(tzinfo=None)


def _shown(campaign: Campaign) -> Json:
    return {
        "id": campaign.id,
        "last_edited": campaign.last_edited,
        "name": campaign.name,
        "is_api_campaign": campaign.is_api_campaign,
        "tags": [],
    }
