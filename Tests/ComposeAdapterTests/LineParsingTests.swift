import ComposeAdapter
import RunbookAdapter
import RunbookModel
import TestSupport
import Testing

@Suite struct LineParsingTests {
  let adapter = ComposeAdapter()
  let target = Target(name: "stack", type: "compose")

  func step(_ body: String) throws -> ComposeStep {
    try #require(adapter.reading(body).options, "\(adapter.complaints(about: body))")
  }

  @Test(arguments: [
    ("ps", Effect.read, true), ("ps db", .read, true), ("logs --tail 50 db", .read, true),
    ("config -q", .read, true),
    ("top", .read, true), ("images", .read, true), ("port db 5432", .read, true),
    ("events --json", .read, true),
    ("ps db\nlogs db", .read, true),
    ("up -d", .write, true), ("start db", .write, true), ("stop db", .write, true),
    ("restart db", .write, true),
    ("pause db", .write, true), ("unpause db", .write, true), ("pull", .write, true), ("push", .write, true),
    ("build", .write, true), ("create", .write, true), ("scale db=2", .write, true),
    ("cp db:/a b", .write, true),
    ("down", .destructive, true), ("rm -f", .destructive, true), ("rm -fsv db", .destructive, true),
    ("kill db", .destructive, true), ("up -d --force-recreate", .destructive, true),
    ("up -dV db", .destructive, true), ("up -d --renew-anon-volumes", .destructive, true),
    ("up --detach --remove-orphans", .destructive, true),
    ("up -d --always-recreate-deps", .destructive, true),
    ("create --force-recreate", .destructive, true),
    ("exec db pg_isready", .read, false), ("exec -u postgres db cat /etc/passwd", .read, false),
    ("exec db env", .read, false), ("exec db env X=1 sh", .write, false), ("exec db psql", .write, false),
    ("exec db rm -rf /data", .destructive, false), ("exec db /bin/rm x", .destructive, false),
    ("run --rm app cat /etc/passwd", .write, false), ("run app rm x", .destructive, false),
    ("run app", .write, false),
    ("exec db hostname", .read, false), ("exec db hostname -f", .read, false),
    ("exec db hostname evil", .write, false), ("exec db hostname -F file", .write, false),
    ("exec db date", .read, false), ("exec db date -u +%s", .read, false),
    ("exec db date -d tomorrow +%F", .read, false), ("exec db date -s 2000-01-01", .write, false),
    ("exec db date 010100002000", .write, false), ("exec db date ${x}", .write, false),
    ("exec db date --set=2000-01-01", .write, false), ("exec db date -us 2000-01-01", .write, false),
    ("exec -d db cat f", .write, false), ("exec --privileged db cat f", .write, false),
    ("exec db /tmp/cat f", .write, false), ("exec db /bin/cat f", .read, false),
    ("exec db env -i A=1 rm x", .destructive, false), ("exec db gosu postgres dropdb x", .destructive, false),
    ("exec db busybox cat f", .write, false), ("run --entrypoint rm app x", .destructive, false),
    ("run --entrypoint 'env rm -rf' app x", .destructive, false),
  ]) func `the effect follows from subcommand and options`(body: String, effect: Effect, isKnown: Bool) throws
  {
    #expect(adapter.effect(of: try step(body)) == Effect.Claim(effect, isKnown: isKnown))
  }

  @Test(arguments: [
    ("logs -f db", true), ("logs --follow", true), ("ps\nlogs -f", true), ("events", true),
    ("logs db", false),
    ("ps", false), ("up -d", false),
  ]) func `what does not end by itself is known`(body: String, isEndless: Bool) throws {
    #expect(adapter.isEndless(try step(body)) == isEndless)
  }

  @Test func `a step is shown as a shell would want it, each value one word`() throws {
    let body = """
      ps   "${service}"  # all of them
      logs --tail=50 -t \\
        'a.b' db${n}
      """
    let values: [String: Value] = ["service": .text("it's; rm"), "n": .text("1")]
    #expect(
      adapter.invocation(of: try step(body), on: target, values: values) == """
        docker compose ps 'it'\\''s; rm'
        docker compose logs --tail 50 --timestamps a.b db1
        """)
    #expect(adapter.summary(of: try step(body)) == "run `docker compose ps ${service}` and 1 more")
  }

  @Test(arguments: [
    ("", [" → a subcommand is expected: 'ps db'"]),
    ("# nothing", ["# nothing → a subcommand is expected: 'ps db'"]),
    ("pss", ["pss → 'pss' is no subcommand that a step can run; did you mean 'ps'?"]),
    ("attach db", ["attach → 'attach' is no subcommand that a step can run"]),
    ("docker compose ps", ["docker → a line begins with the subcommand: leave out 'docker'"]),
    ("docker-compose ps", ["docker-compose → a line begins with the subcommand: leave out 'docker-compose'"]),
    ("${x} db", ["${x} → a subcommand cannot be a parameter"]),
    ("ps --al", ["--al → 'ps' has no option '--al'; did you mean '--all'?"]),
    (
      "ps --format json",
      ["--format → 'ps' has no option '--format'; the result is JSON already: use 'expect' and 'outputs'"]
    ),
    (
      "up -d --dry-run",
      ["--dry-run → 'up' has no option '--dry-run'; the dry run of the whole runbook is 'run --dry-run'"]
    ),
    ("exec -it db sh", ["-it → 'exec' has no option '-i'; 'interactive' gives a step the terminal"]),
    ("ps --all=x", ["--all=x → '--all' takes no value"]),
    ("logs --tail", ["--tail → '--tail' wants a value"]),
    ("logs -${x}", ["-${x} → the name of an option cannot be a parameter"]),
    ("logs --${x}", ["--${x} → the name of an option cannot be a parameter"]),
    ("logs -f${x}", ["-f${x} → the name of an option cannot be a parameter"]),
    ("down db", ["db → 'down' is about the whole project and takes no services"]),
    ("ps a/b", ["a/b → 'a/b' cannot be a service's name"]),
    ("port db", ["port → 'port' wants a service and one of its own ports: 'port db 5432'"]),
    ("cp db:/x", ["cp → 'cp' wants a source and a destination: 'cp db:/path path'"]),
    ("up", ["up → 'up' without -d does not end; write 'up -d'"]),
    ("rm", ["rm → 'rm' would ask, and nobody is there to answer; write 'rm -f'"]),
    ("exec db", ["exec → 'exec' wants a service and a program: 'exec db pg_isready'"]),
    ("run", ["run → 'run' wants a service and a program: 'exec db pg_isready'"]),
    ("exec db ${x}", ["${x} → the program that runs cannot be a parameter"]),
    ("run --entrypoint ${x} db", ["--entrypoint → the program that runs cannot be a parameter"]),
    ("ps | grep db", ["| → '|' means nothing here, because no shell reads this line; quote it"]),
    (
      "ps\nup -d",
      [
        "up → 'up' may change something and wants a step of its own; several lines are one step only where all of them read"
      ]
    ),
    ("logs -f\nps", ["ps → 'ps' would never be reached: the line above does not end"]),
  ]) func `what does not fit is named with its place`(body: String, complaints: [String]) {
    #expect(adapter.complaints(about: body) == complaints)
    #expect(adapter.reading(body).options == nil)
  }

  @Test(arguments: [
    "-f other.yaml ps", "-p other ps", "--project-name=x ps", "-H tcp://x ps", "--context x ps",
  ])
  func `an option that leads to another project is refused`(body: String) {
    let option = body.prefix { $0 != " " }
    #expect(
      adapter.complaints(about: body) == [
        "\(option) → '\(option)' in front of the subcommand would lead to another project or engine; "
          + "files, project, env_file, profiles and docker_host belong to the target, in the environment"
      ])
  }

  @Test(arguments: [
    ("exec db sh -c \"echo ${x}\"", "sh"), ("exec db bash -lc 'a'${x}", "bash"), ("exec db sh -c${x}", "sh"),
    ("exec db env A=1 /bin/sh -ec \"${x}\"", "sh"),
    ("exec db gosu postgres psql -c \"select '${x}'\"", "psql"),
    ("exec db psql --command=${x}", "psql"), ("exec db psql -U app -tAc \"${x}\"", "psql"),
    ("run --rm app python3 -c \"print('${x}')\"", "python3"), ("exec app node --eval ${x}", "node"),
    ("exec app perl -e ${x}", "perl"), ("exec redis redis-cli eval \"${x}\" 0", "redis-cli"),
    ("exec db mysql -e \"${x}\"", "mysql"), ("exec db su postgres -c \"${x}\"", "su"),
    ("exec app awk \"/${x}/\" f", "awk"), ("exec app sed s/a/${x}/ f", "sed"),
    ("exec app sqlite3 f.db \"select ${x}\"", "sqlite3"),
    ("exec db sh -ce \"echo ${x}\"", "sh"), ("exec db bash -cex \"echo ${x}\"", "bash"),
    ("exec db sh -c -- \"echo ${x}\"", "sh"), ("exec db sh -c -e +x \"echo ${x}\"", "sh"),
    ("exec db bash -co pipefail \"echo ${x}\"", "bash"),
    ("exec db bash -o pipefail -c \"echo ${x}\"", "bash"),
    ("exec db bash --norc --rcfile f -c \"echo ${x}\"", "bash"),
    ("exec db psql \"-tcSELECT '${x}'\"", "psql"),
    ("exec db psql -v a=b -tc \"${x}\"", "psql"), ("exec db psql app -c \"${x}\"", "psql"),
    ("run --entrypoint sh db -c \"echo ${x}\"", "sh"), ("run --entrypoint 'sh -c' db \"echo ${x}\"", "sh"),
    ("exec app perl -lne \"print '${x}'\" f", "perl"), ("exec app perl -I lib -e \"${x}\"", "perl"),
    ("exec app python3.11 -Bc \"${x}\"", "python3.11"), ("exec app python3 -X dev -c \"${x}\"", "python3"),
    ("exec app php8.2 -d a=b -r \"${x}\"", "php8.2"), ("exec app node -pe \"${x}\"", "node"),
    ("exec db env -S \"sh -c ${x}\"", "env"), ("exec db watch \"echo ${x}\"", "watch"),
    ("exec db su - postgres -c \"${x}\"", "su"), ("exec db su postgres -- -c \"${x}\"", "su"),
    ("exec redis redis-cli -n 1 SCRIPT LOAD \"${x}\"", "redis-cli"),
    ("exec app sed -n -e \"s/a/${x}/\" f", "sed"), ("exec app sed -f a -e \"s/a/${x}/\" f", "sed"),
    ("exec db timeout -k 1 5 xargs -0 sh -c \"${x}\"", "sh"),
    ("exec app python -m timeit ${x}", "python"), ("exec app python3 -mtimeit -n 5 ${x}", "python3"),
    ("exec app ssh host ls ${x}", "ssh"), ("exec app eval ${x}", "eval"),
  ]) func `a value never becomes part of an inner program`(body: String, reader: String) throws {
    let complaints = adapter.complaints(about: body)
    #expect(complaints.count == 1)
    #expect(
      try #require(complaints.first).hasPrefix(
        "${x} → '${x}' would become part of a program that \(reader) runs; "))
  }

  @Test(arguments: [
    ("exec db psql ${x}", "psql"), ("exec db psql -tA ${x}", "psql"),
    ("exec db psql --comm \"${x}\"", "psql"),
    ("exec db psql \"--comm=${x}\"", "psql"), ("exec db sh ${x}", "sh"), ("exec db sh -e ${x}", "sh"),
    ("exec db sh -s ${x}", "sh"), ("exec db bash --wordexp \"${x}\"", "bash"), ("exec db sh -Z ${x}", "sh"),
    ("exec app python3 ${x}", "python3"), ("exec app perl -e print ${x}", "perl"),
    ("exec app perl -Mstrict=${x} a.pl", "perl"), ("exec app node -e 1 ${x}", "node"),
    ("exec db gosu postgres ${x}", "gosu"), ("exec db env A=1 ${x} b", "env"),
    ("exec db env --unknown a ${x}", "env"), ("exec redis redis-cli ${x} a", "redis-cli"),
    ("exec db timeout 5 ${x} b", "timeout"), ("run --entrypoint env app ${x}", "env"),
    ("exec app sed -n 1p ${x}", "sed"), ("exec app make ${x}", "make"), ("exec app ssh ${x} ls", "ssh"),
  ]) func `a value does not stand where it may be an option or a program`(body: String, reader: String) throws
  {
    let complaints = adapter.complaints(about: body)
    #expect(complaints.count == 1, "\(complaints)")
    #expect(
      complaints.first?.contains(
        " → '${x}' stands where \(reader) may take it for an option or a program; ") == true, "\(complaints)")
  }

  @Test(arguments: [
    "exec db sh -ce 'echo \"$1\"' sh ${x}", "exec db bash -o pipefail -c 'echo \"$1\"' sh ${x}",
    "exec db sh script.sh ${x}", "exec db sh -s -- ${x}", "exec app python3 -c 'import sys' ${x}",
    "exec app python3 -m http.server ${x}", "exec db psql -d ${x} -tAc 'select 1'", "exec db psql -U${x} -l",
    "exec db psql --dbname=${x} -c 'select 1'", "exec db psql --set a=${x} -f f", "exec db psql -- ${x}",
    "exec db env A=${x} id", "exec db gosu ${x} id", "exec db timeout ${x} id",
    "exec redis redis-cli GET ${x}",
    "exec redis redis-cli -n ${x} EVAL 'return 1' 1 ${x}", "exec app sed -n -e 1p -- ${x}",
    "exec app awk '{ print $1 }' ${x}", "exec app perl -e print -- ${x}", "exec app ls -c ${x}",
    "run --entrypoint cat app ${x}", "exec db grep watch ${x}",
    "exec db sh -c 'echo \"$1\"' sh ${x}", "exec db psql -v id=${x} -c 'select 1'", "exec db echo ${x}",
    "exec app python3 main.py ${x}", "exec app jq --arg x ${x} .a f", "exec app awk -v x=${x} 1 f",
    "exec app ls -c ${x}",
  ]) func `a value may be an argument of an inner program`(body: String) throws {
    #expect(adapter.complaints(about: body) == [])
  }

  @Test func `a secret is no argument`() {
    #expect(
      adapter.complaints(about: "exec db echo ${x}", names: ["x": .parameter(.secret)]) == [
        "${x} → '${x}' is a secret, and every process list shows arguments; "
          + "give it to the service by its environment or by a file"
      ])
  }

  @Test func `an interactive step may stay in the foreground`() {
    #expect(adapter.reading("up db", traits: StepTraits(isInteractive: true)).options != nil)
  }
}
