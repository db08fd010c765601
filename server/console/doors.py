"""How pages know their reader: the signed-in viewer, and forms that prove they come from our own page."""

from fastapi import Depends, Form, Request

from server.security import Viewer, check_csrf, require_viewer


def reader(request: Request, viewer: Viewer = Depends(require_viewer)) -> Viewer:
    """Who reads the page. The door kept them beside the request, so that a refusal has the same bar around it."""
    return viewer


def writer(request: Request, csrf: str = Form(""), viewer: Viewer = Depends(reader)) -> Viewer:
    """Who sends a form, with the session's own token in it."""
    check_csrf(request, viewer, csrf)
    return viewer
