"""The Content-Security-Policy and the Permissions-Policy of every page.

Nothing is loaded from other hosts. Two relaxations remain, and both are needed by django-unfold:

``'unsafe-eval'`` in script-src
    Alpine.js compiles the expressions in ``x-data``, ``x-on`` and the like with ``new Function``. Inline scripts stay
    forbidden, so a value that reaches a page unescaped cannot run as a ``<script>``, an ``on…`` attribute or a
    ``javascript:`` address.
``'unsafe-inline'`` in style-src
    Unfold's theme colours are a ``<style>`` element without a nonce, progress bars and images carry ``style``
    attributes, and htmx adds the style of its indicators.
"""

from __future__ import annotations

from django.utils.csp import CSP

CONTENT_SECURITY_POLICY: dict[str, list[str]] = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF, CSP.UNSAFE_EVAL],
    "style-src": [CSP.SELF, CSP.UNSAFE_INLINE],
    "img-src": [CSP.SELF, "data:"],
    "object-src": [CSP.NONE],
    "frame-src": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
}

_UNUSED_FEATURES = (
    *("accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "geolocation", "gyroscope"),
    *("magnetometer", "microphone", "midi", "payment", "publickey-credentials-create", "usb", "xr-spatial-tracking"),
)
PERMISSIONS_POLICY = ", ".join(f"{feature}=()" for feature in _UNUSED_FEATURES)
