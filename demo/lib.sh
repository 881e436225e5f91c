# shellcheck shell=bash
# Functions that the scripts of demo/ and Tests/Services/ share. Sourced, never run.

# The demo wants Debian's own programs, not what a version manager has put in front of them.
# shellcheck disable=SC2034  # used by the scripts that source this
python=/usr/bin/python3

# say TEXT… tells the reader something; standard output stays free for results.
say() { printf '%s\n' "$*" >&2; }

# die TEXT… ends the script with 1.
die() {
  say "${0##*/}: $*"
  exit 1
}

# quietly COMMAND… shows what it printed only if it failed.
quietly() {
  local output code=0
  output=$("$@" 2>&1) || code=$?
  if ((code > 0)); then printf '%s\n' "$output" >&2; fi
  return "$code"
}

# as_root COMMAND… runs it as root: directly, or through sudo.
as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo -- "$@"
  else
    die "this needs root, and there is no sudo here"
  fi
}

# drop_to USER sets `drop` to what goes in front of a program that refuses to run as root. Who is not root
# stays who they are.
drop_to() {
  drop=()
  if ((EUID == 0)); then drop=(setpriv "--reuid=$1" "--regid=$(id -g "$1")" --init-groups --); fi
}

# postgres_bin prints the folder of the newest PostgreSQL server that is installed.
postgres_bin() {
  local found
  found=$(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1)
  [[ -x $found ]] || die "no PostgreSQL server is installed: run Tests/Services/install"
  printf '%s\n' "${found%/initdb}"
}

# load_settings FILE exports the NAME=VALUE lines of an .env file, as Compose reads them: no quotes, no
# substitution, and what is in the environment already wins.
load_settings() {
  local line name
  while IFS= read -r line; do
    name=${line%%=*}
    if [[ $line == [A-Z]*=* && ! -v $name ]]; then export "$name=${line#*=}"; fi
  done <"$1"
}

# state_folder prints where the demo keeps its state. Root's home is closed to the users that PostgreSQL and
# Redis run as, so root has a folder of the system. XDG_STATE_HOME is not asked: a runbook's step does not
# inherit it, and has to find the same folder.
state_folder() {
  if [[ -n ${RUNBOOK_DEMO_STATE:-} ]]; then
    printf '%s\n' "$RUNBOOK_DEMO_STATE"
  elif ((EUID == 0)); then
    echo /var/lib/runbook-demo
  else
    printf '%s\n' "$HOME/.local/state/runbook-demo"
  fi
}

# started_at PID prints when a process started, in clock ticks since boot; fails if there is none.
# Together with the pid it names a process for good: pids are used again.
started_at() {
  local stat fields
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  read -ra fields <<<"${stat##*) }"
  [[ ${fields[0]} != Z ]] || return 1
  printf '%s\n' "${fields[19]}"
}

# remember FILE PID notes a process so that `alive` and `end` can find it again.
remember() { printf '%s %s\n' "$2" "$(started_at "$2")" >"$1"; }

# alive FILE: is the noted process still the one that runs under its pid?
alive() {
  local pid since
  [[ -r $1 ]] && read -r pid since <"$1" && [[ $(started_at "$pid") == "$since" ]]
} 2>/dev/null

# end FILE SIGNAL SECONDS asks the noted process to end, kills it after SECONDS, removes the note.
end() {
  local pid waited
  if alive "$1"; then
    read -r pid _ <"$1"
    kill -s "$2" "$pid" 2>/dev/null || true
    for ((waited = 0; waited < $3 * 20; waited++)); do
      alive "$1" || break
      sleep 0.05
    done
    if alive "$1"; then kill -s KILL "$pid" 2>/dev/null || true; fi
    while alive "$1"; do sleep 0.02; done
  fi
  rm -f "$1"
}

# daemon NOTE LOG COMMAND… starts it in a session of its own, detached from terminal, pipes and locks.
daemon() {
  local note=$1 log=$2 fd
  shift 2
  (
    for fd in /proc/self/fd/*; do
      fd=${fd##*/}
      if ((fd > 2)); then eval "exec $fd>&-"; fi
    done
    # A service that a runbook's step starts is not part of the step.
    unset RUNBOOK_STEP RUNBOOK_OUTPUT
    # The subshell turns into setsid and setsid into the program: one pid all along.
    exec setsid -- "$@" </dev/null >>"$log" 2>&1
  ) &
  remember "$note" "$!"
  disown
}

# wait_until SECONDS COMMAND… tries COMMAND until it succeeds; fails when SECONDS have gone.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS >= deadline)); then return 1; fi
    sleep 0.05
  done
}

# port_is_free PORT: does nobody listen there on the loopback address?
port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# compose_command prints the Compose program: the plug-in of the docker command, or docker-compose.
compose_command() {
  if docker compose version >/dev/null 2>&1; then
    echo docker compose
  elif command -v docker-compose >/dev/null; then
    echo docker-compose
  else
    return 1
  fi
}
