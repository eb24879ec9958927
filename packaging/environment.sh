# The build environment: Debian 13 (Qt 6.8, GCC 14). On Debian 13 or newer that is this system; on an
# older one it is a Debian 13 root in the cache folder, entered with bubblewrap.
# Sourced by the scripts of this folder. Provides: step, give_up, prepare_environment, in_environment.

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/lapidary
log=$cache/last.log
mkdir -p "$cache" 2>/dev/null || {
    echo "Cannot write to $cache. Set XDG_CACHE_HOME to a folder that you may write to." >&2
    exit 1
}

give_up() {
    printf '\n%s\n' "$1" >&2
    exit 1
}

# step "what is done (about how long)" COMMAND...: quiet unless it fails; the output goes to the log.
step() {
    local what=$1 begin=$SECONDS
    shift
    printf '%s … ' "$what"
    if "$@" >"$log" 2>&1; then
        printf '%d s\n' $((SECONDS - begin))
    else
        printf 'failed after %d s\n' $((SECONDS - begin))
        tail -n 30 "$log" >&2
        return 1
    fi
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        give_up "This needs to run as root and sudo is not installed: $*"
    fi
}

needed_packages() { grep -v '^#' "$repo/packaging/packages.txt"; }

is_debian_13() {
    local ID='' VERSION_ID=0 VERSION_CODENAME=''
    [ -r /etc/os-release ] && . /etc/os-release
    [ "$ID" = debian ] && { [ "${VERSION_ID:-99}" -ge 13 ] || [ "$VERSION_CODENAME" = sid ]; }
}

need_space() { # FOLDER MEGABYTES
    local free
    free=$(df -Pm "$1" | awk 'NR == 2 { print $4 }')
    [ "$free" -ge "$2" ] || give_up "$1 has $free MB free, and $2 MB are needed. Free some space, or set XDG_CACHE_HOME to a folder on a larger disk."
}

install_packages() { # PACKAGE...
    as_root apt-get update -qq || give_up "Debian's packages cannot be reached. Check the network connection and run this again; the log is $log."
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" ||
        give_up "Installing packages failed: $*. The log is $log."
}

# The packages of the list that dpkg does not know as installed, one a line.
missing_packages() {
    local package
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
    done
}

prepare_system() {
    local missing
    mapfile -t missing < <(missing_packages $(needed_packages))
    [ ${#missing[@]} = 0 ] && return
    need_space / 2000
    step "Installing ${#missing[@]} packages (once, about a minute)" install_packages "${missing[@]}" || exit 1
}

# The root's name carries the package list, so a changed list makes a new root beside the old one.
root_folder() { echo "$cache/debian13-$(needed_packages | sha256sum | cut -c1-12)"; }

make_root() {
    local root=$1 part=$1.part packages
    packages=$(needed_packages | paste -sd,)
    if [ "$(id -u)" = 0 ]; then
        rm -rf "$part"
        mmdebstrap --variant=apt --include="$packages" trixie "$part"
    else
        # Unprivileged where user namespaces allow it; the files then belong to the user, which is all
        # that bubblewrap needs.
        local make=(mmdebstrap --mode=unshare)
        unshare -Ur true 2>/dev/null || make=(sudo mmdebstrap)
        chmod -R u+rwX "$part" 2>/dev/null
        rm -rf "$part" && mkdir -p "$part"
        "${make[@]}" --variant=apt --include="$packages" --format=tar trixie - |
            tar -x --no-same-owner --exclude='./dev/*' -C "$part"
    fi && mkdir -p "$part/usr/local/cuda" && mv -T "$part" "$root"
}

prepare_root() {
    root=$(root_folder)
    local tools
    mapfile -t tools < <(command -v mmdebstrap >/dev/null || echo mmdebstrap; command -v bwrap >/dev/null || echo bubblewrap; [ "$(id -u)" = 0 ] || command -v newuidmap >/dev/null || echo uidmap)
    if [ ${#tools[@]} != 0 ]; then
        command -v apt-get >/dev/null || give_up "Please install ${tools[*]}: this system is not Debian 13, so Lapidary is built in a Debian 13 root of its own."
        step "Installing ${tools[*]}" install_packages "${tools[@]}" || exit 1
    fi
    exec 8>"$cache/root.lock"
    flock -n 8 || { echo "Another run is making the root; waiting for it."; flock 8; }
    if [ ! -d "$root" ]; then
        need_space "$cache" 4000
        step "Making a Debian 13 root (once, about a minute, 1.4 GB)" make_root "$root" ||
            give_up "The Debian 13 root could not be made. Check the network connection and run this again; it begins anew by itself. The log is $log."
    fi
    exec 8>&-
}

# What was compiled for one checkout serves the next, wherever it lies.
export CCACHE_BASEDIR=$repo CCACHE_NOHASHDIR=1

prepare_environment() {
    if is_debian_13; then prepare_system; else prepare_root; fi
}

# Runs a command where the program is built: with the user's folders, display, cards and CUDA.
in_environment() {
    if is_debian_13; then
        "$@"
        return
    fi
    local binds=() folder
    for folder in /*; do
        case ${folder#/} in
        bin | boot | dev | etc | lib* | lost+found | proc | run | sbin | sys | tmp | usr | var) ;;
        *) [ -d "$folder" ] && [ ! -L "$folder" ] && binds+=(--bind "$folder" "$folder") ;;
        esac
    done
    for folder in /run/user /var/tmp /tmp/.X11-unix; do
        [ -d "$folder" ] && binds+=(--bind "$folder" "$folder")
    done
    [ -d /usr/local/cuda ] && binds+=(--ro-bind "$(realpath /usr/local/cuda)" /usr/local/cuda)
    case $repo in /tmp/* | /var/*) binds+=(--bind "$repo" "$repo") ;; esac
    case $cache in /tmp/* | /var/*) binds+=(--bind "$cache" "$cache") ;; esac
    bwrap --bind "$root" / --dev-bind /dev /dev --proc /proc --ro-bind /sys /sys --tmpfs /tmp "${binds[@]}" \
        --ro-bind-try /etc/resolv.conf /etc/resolv.conf --ro-bind-try /etc/machine-id /etc/machine-id \
        --setenv LC_ALL C.UTF-8 --chdir "$PWD" -- "$@"
}

# Shows how far ninja is, in place, on a terminal.
show_progress() {
    local line
    while IFS= read -r line; do
        echo "$line" >>"$log"
        [ -t 2 ] && [[ $line =~ ^\[([0-9]+/[0-9]+)\] ]] && printf '\rBuilding %s ' "${BASH_REMATCH[1]}" >&2
    done
    return 0
}

# build PRESET [TARGET...]
build() {
    local preset=$1 targets=() begin=$SECONDS
    shift
    [ $# = 0 ] || targets=(--target "$@")
    need_space "$repo" 1000
    [ -f "$repo/build/$preset/build.ninja" ] ||
        step "Configuring" in_environment cmake -S "$repo" --preset "$preset" ||
        give_up "Configuring failed; the whole log is $log."
    : >"$log"
    printf 'Building (the first time several minutes) … '
    if in_environment cmake --build "$repo/build/$preset" "${targets[@]}" 2>&1 | show_progress; then
        printf '%d s\n' $((SECONDS - begin))
    else
        grep -A 15 -E 'error|FAILED' "$log" | head -n 60 >&2
        give_up "The build failed; the whole log is $log."
    fi
}
