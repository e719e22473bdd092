"""Preferences that make a plain Firefox behave like Tor Browser at each security level.

They imitate the levels, not NoScript: at Safer it takes WebAssembly away and at Safest all
scripts, which preferences can do, but `@media (scripting)` and placeholders may differ.
"""

from __future__ import annotations

from typing import Literal

Level = Literal["standard", "safer", "safest"]
Preferences = dict[str, bool | int | str]

# Resolves to loopback inside the browser, so pages are tested on the kind of origin they will
# have: plain http, on an onion, and yet a secure context.
ONION = "a" * 55 + "d.onion"

QUIET: Preferences = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.aboutwelcome.enabled": False,
    "browser.region.update.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.safebrowsing.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "browser.tabs.warnOnClose": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.max_chrome_script_run_time": 0,
    "dom.max_script_run_time": 0,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disablePrefetch": True,
    "network.prefetch-next": False,
    "remote.prefs.recommended": True,
    "services.settings.server": "data:,",
    "startup.homepage_welcome_url": "about:blank",
    "termsofuse.bypassNotification": True,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}

TOR_BROWSER: Preferences = {
    "browser.cache.disk.enable": False,
    "browser.privatebrowsing.autostart": True,
    "browser.privatebrowsing.forceMediaMemoryCache": True,
    "dom.postMessage.sharedArrayBuffer.withCOOP_COEP": False,
    "dom.push.enabled": False,
    "dom.securecontext.allowlist_onions": True,
    "dom.security.https_only_mode": True,
    "dom.security.https_only_mode.upgrade_onion": False,
    "dom.serviceWorkers.enabled": False,
    "media.peerconnection.enabled": False,
    "network.cookie.cookieBehavior": 1,
    "network.dns.blockDotOnion": False,
    "network.dns.localDomains": ONION,
    "network.http.referer.hideOnionSource": True,
    "privacy.firstparty.isolate": True,
    "privacy.resistFingerprinting": True,
    "privacy.resistFingerprinting.letterboxing": True,
    # Tor Browser patched its engine here; a plain one would ask for an onion's images over https.
    "security.mixed_content.upgrade_display_content": False,
    "security.webauth.webauthn": False,
}

_SAFER: Preferences = {
    "gfx.font_rendering.graphite.enabled": False,
    "gfx.font_rendering.opentype_svg.enabled": False,
    "javascript.options.asmjs": False,
    "javascript.options.baselinejit": False,
    "javascript.options.ion": False,
    "javascript.options.native_regexp": False,
    "javascript.options.wasm": False,
    "mathml.disabled": True,
}

LEVELS: dict[Level, Preferences] = {
    "standard": {},
    "safer": _SAFER,
    "safest": {**_SAFER, "javascript.enabled": False, "svg.disabled": True},
}


def preferences(level: Level, socks: tuple[str, int] | None) -> Preferences:
    chosen = QUIET | TOR_BROWSER | LEVELS[level]
    if socks:
        chosen |= {
            "network.proxy.type": 1,
            "network.proxy.socks": socks[0],
            "network.proxy.socks_port": socks[1],
            "network.proxy.socks_version": 5,
            "network.proxy.socks_remote_dns": True,
            "network.proxy.socks5_remote_dns": True,
        }
    return chosen
