# shellcheck shell=bash
# What up, down, break, fix and status share. Sourced, never run.

# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
demo=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
load_settings "$demo/.env"

state=$(state_folder)
api=http://127.0.0.1:$API_PORT

# usage prints the comment at the head of the script and ends it.
usage() {
  sed -n '2,/^set /s/^# \{0,1\}//p' "$0" >&2
  exit 64
}

# environment prints which environment of the runbooks the stack is: demo (Compose) or local; fails if it
# is not up.
environment() { cat "$state/environment" 2>/dev/null; }

# compose ARGUMENTS… talks to the demo's project.
compose() {
  # shellcheck disable=SC2046  # one or two words
  $(compose_command) --project-directory "$demo" --file "$demo/compose.yaml" --env-file "$demo/.env" \
    --project-name "$COMPOSE_PROJECT_NAME" "$@"
}

# containers prints 'service state health' of each container.
containers() {
  local ids format='{{index .Config.Labels "com.docker.compose.service"}} {{.State.Status}} '
  format+='{{if .State.Health}}{{.State.Health.Status}}{{else}}-{{end}}'
  ids=$(docker ps --all --quiet --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME")
  # shellcheck disable=SC2086  # a list of ids
  [[ -z $ids ]] || docker inspect --format "$format" $ids
}

# service NAME start|stop, whichever way it runs.
service() {
  case "$(environment) $2" in
    'demo start') quietly compose up -d --no-deps "$1" ;;
    'demo stop') quietly compose stop "$1" ;;
    'local '*) quietly "$demo/local" "$1" "$2" ;;
  esac
}

# sql OPTIONS… runs psql in the demo's database.
sql() {
  PGPASSWORD=$POSTGRES_PASSWORD psql -Xqt -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$POSTGRES_PORT" -U "$POSTGRES_USER" \
    -d "$POSTGRES_DB" "$@"
}

# ready_status prints the status code of /ready, 000 if there is no answer.
ready_status() { curl -s -o /dev/null -m 10 -w '%{http_code}' "$api/ready" || true; }

ready_is() { [[ $(ready_status) == "$1" ]]; }

# show_ready says what /ready answers.
show_ready() {
  local answer
  answer=$(curl -s -m 10 -w '%{http_code}' "$api/ready" 2>&1) || answer=$'\nno answer'
  say "  GET $api/ready"
  say "  ${answer##*$'\n'} ${answer%$'\n'*}"
}

# wait_healthy waits until every container is healthy; fails at once if one has ended.
wait_healthy() {
  local deadline=$((SECONDS + 90)) found
  while :; do
    found=$(containers)
    if [[ $(grep -c ' running healthy$' <<<"$found") == 4 ]]; then return; fi
    if grep -qE ' (exited|dead) ' <<<"$found" || ((SECONDS >= deadline)); then
      say "not all services are healthy:"
      printf '  %s\n' "$found" >&2
      return 1
    fi
    sleep 0.2
  done
}
