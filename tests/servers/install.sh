#!/usr/bin/env bash
# `make servers`: the real servers that the tests start for themselves (Debian 12, root, apt).
# Safe to run again: does nothing where all is there. Nothing keeps running afterwards.
#
# Dovecot is installed. Courier and Cyrus conflict with it as packages, and DavMail's package starts a service: these
# three are unpacked into a cache folder, MAILCUTOVER_TEST_SERVERS or /var/cache/mailcutover-tests.
set -euo pipefail

cache=${MAILCUTOVER_TEST_SERVERS:-/var/cache/mailcutover-tests}
names=(courier cyrus davmail)
declare -A unpacked=(
    [courier]="courier-base courier-imap courier-authlib libcourier-unicode4 gamin libgamin0"
    [cyrus]="cyrus-common cyrus-imapd"
    [davmail]="davmail-server libactivation-java libcommons-codec-java libcommons-logging-java libhtmlcleaner-java
        libhttpclient-java libhttpcore-java libjackrabbit-java libjcifs-java libjdom2-java libjettison-java libjna-java
        libjna-jni liblog4j1.2-java libmail-java libslf4j-java libstax2-api-java libwoodstox-java"
)
# What the programs of each are linked against, beside their own libraries.
declare -A programs=([courier]="usr/bin/imapd usr/libexec/gam_server" [cyrus]="usr/lib/cyrus/bin/master usr/lib/cyrus/bin/imapd" [davmail]="")
libraries=(
    libgdbm6 libglib2.0-0 libical3 libicu72 libidn12 libjansson4 libkrb5-3 libldap-2.5-0 libnsl2 libpcre3 libpq5 libsasl2-2
    libsasl2-modules libsqlite3-0 libwrap0 libxapian30 libxml2
)

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
list_of() { printf '%s\n' ${unpacked[$1]}; }
complete() { [ "$(cat "$cache/$1/.packages" 2>/dev/null)" = "$(list_of "$1")" ]; }
lacking() {
    local folder=$cache/$1 program
    for program in ${programs[$1]}; do
        LD_LIBRARY_PATH=$(echo "$folder"/usr/lib/*-linux-gnu):$folder/usr/lib ldd "$folder/$program" |
            awk '/not found/ { print $1 }'
    done | sort -u | paste -sd ' '
}
say_what_there_is() {
    local name lacks
    for name in "${names[@]}"; do
        lacks=$(lacking "$name")
        if [ -n "$lacks" ]; then
            echo "servers: $name cannot start: there is no $lacks on this machine. Install the library by hand." >&2
            exit 1
        fi
    done
    echo "servers: all there: Dovecot $(/usr/sbin/dovecot --version); Courier, Cyrus and DavMail in $cache"
}

if ! command -v apt-get >/dev/null; then
    echo "servers: this script knows apt only. See in it what the tests need, and install that by hand." >&2
    exit 1
fi

packages=()
[ -x /usr/sbin/dovecot ] && [ -x /usr/lib/dovecot/imap ] || packages+=(dovecot-imapd)
command -v setpriv >/dev/null || packages+=(util-linux)
command -v strace >/dev/null || packages+=(strace) # looks at what reaches the disk, and when
command -v java >/dev/null || packages+=(default-jre-headless)
command -v mbsync >/dev/null || packages+=(isync) # stands beside us in the bench
for library in "${libraries[@]}"; do
    installed "$library" || packages+=("$library")
done
missing=()
for name in "${names[@]}"; do
    complete "$name" || missing+=("$name")
done

if [ ${#packages[@]} -eq 0 ] && [ ${#missing[@]} -eq 0 ]; then
    say_what_there_is
    exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "servers: missing: ${packages[*]} ${missing[*]}. Run as root: sudo make servers" >&2
    exit 1
fi

export DEBIAN_FRONTEND=noninteractive
apt-get update -q
if [ ${#packages[@]} -gt 0 ]; then
    apt-get install -y -q --no-install-recommends "${packages[@]}"
fi
# The package starts a Dovecot of its own on port 143; the tests start theirs on loopback ports.
if [[ " ${packages[*]} " == *" dovecot-imapd "* ]] && [ -d /run/systemd/system ]; then
    systemctl disable --now dovecot.socket dovecot.service || true
fi

if [ ${#missing[@]} -gt 0 ]; then
    mkdir -p "$cache"
    work=$(mktemp -d "$cache/.download.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    for name in "${missing[@]}"; do
        mkdir -p "$work/$name.deb" "$work/$name"
        (cd "$work/$name.deb" && list_of "$name" | xargs apt-get download -q -o APT::Sandbox::User=root)
        for package in "$work/$name.deb"/*.deb; do
            dpkg -x "$package" "$work/$name"
        done
        list_of "$name" >"$work/$name/.packages" # last: a folder with it is whole
        chmod 755 "$work/$name"
        rm -rf "${cache:?}/$name"
        mv "$work/$name" "$cache/$name"
    done
fi
say_what_there_is
