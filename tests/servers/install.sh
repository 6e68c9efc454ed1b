#!/usr/bin/env bash
# `make servers`: the real servers that the tests start for themselves (Debian, root, apt).
# Safe to run again: does nothing where all is there. Nothing keeps running afterwards.
set -euo pipefail

packages=()
[ -x /usr/sbin/dovecot ] && [ -x /usr/lib/dovecot/imap ] || packages+=(dovecot-imapd)
command -v setpriv >/dev/null || packages+=(util-linux)

if [ ${#packages[@]} -eq 0 ]; then
    echo "servers: all there: Dovecot $(/usr/sbin/dovecot --version)"
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "servers: missing: ${packages[*]}. This script knows apt only: install them by hand." >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "servers: missing: ${packages[*]}. Run as root: sudo make servers" >&2
    exit 1
fi

export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -y -q --no-install-recommends "${packages[@]}"

# The package starts a Dovecot of its own on port 143; the tests start theirs on loopback ports.
if [[ " ${packages[*]} " == *" dovecot-imapd "* ]] && [ -d /run/systemd/system ]; then
    systemctl disable --now dovecot.socket dovecot.service || true
fi
echo "servers: Dovecot $(/usr/sbin/dovecot --version)"
