# Sourced by ./dev: refuses settings that cannot be used before anything is installed. Names, types and bounds
# are read from registry/runtime/settings.py, which checks everything again; tests/test_dev.py compares the two.

check_setting() { # NAME FIELD VALUE
  local rule range='Annotated\[(int|float), msgspec\.Meta\((ge|gt)=([0-9_.]+), le=([0-9_.]+)\)\]'
  rule=$(sed -n "s/^    $2: //p" "$root/registry/runtime/settings.py" | head -n 1)
  case $rule in
    '') fail "unknown setting $1" ;;
    Port*) rule='Annotated[int, msgspec.Meta(ge=0, le=65535)]' ;;
    bool*) grep -qixE 'true|false|1|0' <<<"$3" || fail "$1 must be true or false, not $3" ;;
  esac
  [[ $rule =~ $range ]] || return 0
  local form='^[0-9]*[.]?[0-9]+$' above=${BASH_REMATCH[2]} least=${BASH_REMATCH[3]//_/} most=${BASH_REMATCH[4]//_/}
  [ "${BASH_REMATCH[1]}" = float ] || form='^[0-9]+$'
  [[ $3 =~ $form ]] && awk -v value="$3" -v least="$least" -v most="$most" -v above="$above" \
    'BEGIN {exit !(value <= most && (value > least || above == "ge" && value == least))}' ||
    fail "$1 must be a number from $least to $most, not $3"
}

check_settings() { # OPTIONS OF serve
  local name host=${REGISTRY_HOST:-127.0.0.1} key='^reg_[0-9a-f]{8}_[A-Za-z0-9_-]{43,128}$'
  for name in "${!REGISTRY_@}"; do
    [ -z "${!name}" ] || check_setting "$name" "$(tr '[:upper:]' '[:lower:]' <<<"${name#REGISTRY_}")" "${!name}"
  done
  while [ $# -gt 0 ]; do
    case $1 in
      --port | --workers) check_setting "$1" "${1#--}" "${2:-}" ;;
      --port=* | --workers=*) name=${1%%=*}; check_setting "$name" "${name#--}" "${1#*=}" ;;
      --host) host=${2:-} ;;
      --host=*) host=${1#*=} ;;
    esac
    shift
  done
  [[ -z ${REGISTRY_ADMIN_KEY:-} || $REGISTRY_ADMIN_KEY =~ $key ]] ||
    fail "REGISTRY_ADMIN_KEY must have the form reg_<8 hexadecimal digits>_<43 to 128 letters, digits, - or _>"
  [[ -z ${DATABASE_URL:-} || $DATABASE_URL =~ ^postgres(ql)?:// ]] ||
    fail "DATABASE_URL is not of the form postgresql://user:password@host:port/database"
  [ -z "${REGISTRY_TLS_CERTIFICATE:+x}" ] && [ -z "${REGISTRY_TLS_KEY:+x}" ] ||
    { [ -n "${REGISTRY_TLS_CERTIFICATE:-}" ] && [ -n "${REGISTRY_TLS_KEY:-}" ]; } ||
    fail "REGISTRY_TLS_CERTIFICATE and REGISTRY_TLS_KEY belong together"
  [[ $host =~ ^(localhost|127\.[0-9.]+|::1)$ || -n ${REGISTRY_TLS_CERTIFICATE:-}${REGISTRY_TRUSTED_PROXIES:-} ]] ||
    fail "keys would cross the network in clear on $host: set REGISTRY_TLS_CERTIFICATE and REGISTRY_TLS_KEY, or \
REGISTRY_TRUSTED_PROXIES for a proxy that speaks https"
}
