import RunbookAdapter
import RunbookDiagnostics
import RunbookModel
import TestSupport
import Testing

@testable import CommandAdapter

/// Values of the page in programs that a script's commands run.
@Suite struct InnerProgramTests {
  private static let names: [String: NameTable.Kind] = [
    "s": .parameter(.string), "out": .output(isSecret: false), "said": .answer, "n": .parameter(.integer),
    "flag": .parameter(.boolean), "one": .parameter(.choice), "pause": .parameter(.duration),
    "run_id": .builtIn, "target_name": .builtIn,
  ]

  private func complaints(_ script: String) -> [String] {
    CommandAdapter().complaints(about: script, names: Self.names)
  }

  @Test(arguments: [
    ("sh -c \"echo ${s}\"", "${s}", "sh"), ("bash -c \"rm $s\"", "$s", "bash"),
    ("bash -euo pipefail -c \"rm $out\"", "$out", "bash"), ("/bin/sh -ec 'ls '$said", "$said", "sh"),
    ("eval \"$s\"", "$s", "eval"), ("eval ls \"x $s\"", "$s", "eval"),
    ("builtin eval \"$s\"", "$s", "eval"), ("trap \"rm -rf $s\" EXIT", "$s", "trap"),
    ("psql -c \"select '$s'\"", "$s", "psql"), ("psql -XAtqc \"select ${s}\" app", "${s}", "psql"),
    ("psql \"$DATABASE_URL\" --command=\"select $s\"", "$s", "psql"),
    ("psql -h h -U u -v ON_ERROR_STOP=1 -c \"$s\"", "$s", "psql"),
    ("x=$(psql -XAtc \"select count(*) from $s\")", "$s", "psql"),
    ("PGPASSWORD=x psql -c \"$s\" > log", "$s", "psql"), ("if ! psql -qc \"$s\"; then :; fi", "$s", "psql"),
    ("sudo -u postgres psql -c \"$s\"", "$s", "psql"), ("exec psql -c \"$s\"", "$s", "psql"),
    ("\\psql -c \"$s\"", "$s", "psql"), ("'psql' -c \"$s\"", "$s", "psql"),
    ("python3 -c \"print('$s')\"", "$s", "python3"), ("python3 -m timeit \"$s\"", "$s", "python3"),
    ("perl -ne \"print if /$s/\" f", "$s", "perl"), ("node --eval \"$s\"", "$s", "node"),
    ("ruby -e \"puts '$s'\"", "$s", "ruby"), ("mysql -e \"select $s\"", "$s", "mysql"),
    ("ssh web-1 \"systemctl restart $s\"", "$s", "ssh"), ("ssh -o BatchMode=yes -p 22 h rm $s", "$s", "ssh"),
    ("ssh \"$n\" \"sudo -u x ls $s\"", "$s", "ssh"), ("watch -n 2 \"ls $s\"", "$s", "watch"),
    ("ls | xargs -n 1 sh -c \"echo $s\"", "$s", "sh"), ("xargs -0I{} bash -c \"cp {} $s\" < l", "$s", "bash"),
    ("find . -exec sh -c \"echo $s\" \\;", "$s", "sh"), ("timeout 5 sh -c \"$s\"", "$s", "sh"),
    ("docker compose exec db psql -c \"$s\"", "$s", "psql"), ("docker exec -i db sh -c \"$s\"", "$s", "sh"),
    ("docker-compose exec -T db psql -U a -c \"$s\"", "$s", "psql"),
    ("docker compose exec redis redis-cli EVAL \"return $s\" 0", "$s", "redis-cli"),
    ("kubectl exec pod -- sh -c \"ls $s\"", "$s", "sh"), ("compose exec db psql -c \"$s\"", "$s", "psql"),
    ("su - postgres -c \"psql $s\"", "$s", "su"), ("jq \".a == \\\"$s\\\"\" f", "$s", "jq"),
    ("awk \"/$s/\" f", "$s", "awk"), ("sed -i \"s/a/$s/\" f", "$s", "sed"),
    ("redis-cli eval \"return $s\" 0", "$s", "redis-cli"), ("sqlite3 f.db \"select $s\"", "$s", "sqlite3"),
    ("psql <<SQL\nselect '$s';\nSQL", "$s", "psql"), ("psql -qf - <<SQL\n$s\nSQL", "$s", "psql"),
    ("psql app <<< \"select $s\"", "$s", "psql"), ("bash <<EOF\nls $s\nEOF", "$s", "bash"),
    ("bash -s -- x <<EOF\nls $s\nEOF", "$s", "bash"), ("ssh h <<EOF\nls $s\nEOF", "$s", "ssh"),
    ("ssh h 'bash -s' <<EOF\nls\nEOF\npython3 - <<EOF\nprint('$s')\nEOF", "$s", "python3"),
    ("docker exec -i db psql -U x <<SQL\n$s\nSQL", "$s", "psql"),
    ("f() {\n  for i in 1 2; do\n    sh -c \"echo $s\"\n  done\n}\nf", "$s", "sh"),
    ("echo \"$(sh -c \"echo $s\")\"", "$s", "sh"),
    ("bash -c \"echo ${s:-none} ${#s}\"", "${s:-none}", "bash"),
  ])
  func `a value never becomes part of a program`(script: String, place: String, reader: String) throws {
    let found = complaints(script)
    #expect(found.count == 1, "\(found)")
    let start = place.hasPrefix("${s:") ? "${s" : place
    #expect(
      try #require(found.first).hasPrefix("\(start)")
        && found[0].contains("would become part of a program that \(reader) runs; "), "\(found)")
  }

  @Test(arguments: [
    "sh -c 'echo \"$1\"' _ \"$s\"", "bash -c 'for f; do echo \"$f\"; done' bash \"$s\" \"$out\"",
    "sh -c 'echo \"$s\"'", "sh -c \"echo \\$s\"", "bash -c \"echo ${s@Q} ${#s} ${s:+set}\"",
    "trap 'rm -rf \"$s\"' EXIT", "eval \"$(ssh-agent -s)\"", "x=a; sh -c \"echo $x\"",
    "for i in 1 2; do psql -c \"select $i\"; done",
    "psql -d \"$s\" -c 'select 1'", "psql \"$s\" -c 'select 1'", "psql -c 'select 1' \"$s\"",
    "psql -f \"$s\"", "pg_dump --file=\"$s\"", "psql -c 'copy t from stdin' <<EOF\n$s\nEOF",
    "psql -v x=\"$s\" <<'SQL'\nselect :'x', '$s'\nSQL", "psql -f a.sql <<EOF\n$s\nEOF",
    "python3 -c 'import sys; print(sys.argv[1])' \"$s\"", "python3 -m json.tool \"$s\"",
    "python3 main.py \"$s\"", "python3 main.py <<EOF\n$s\nEOF", "bash \"$s\"", "sh script.sh \"$s\"",
    "ssh \"$s\" uptime", "ssh h \"ls ${s@Q}\"", "ssh -i \"$s\" h uptime", "scp \"$s\" h:/x",
    "jq --arg x \"$s\" '.a == $x' f", "jq . \"$s\"", "awk -v x=\"$s\" '$1 == x' f", "awk '{print}' \"$s\"",
    "sed -n 1p \"$s\"", "grep -e sed -c \"$s\"", "echo sh -c \"$s\"", "apt-get install jq \"$s\"",
    "cat <<EOF\n$s\nEOF", "cat <<EOF | tee f\npsql -c \"$s\"\nEOF", "make deploy VERSION=\"$s\"",
    "\"${s}\" -c \"$out\"", "\"$tool\" \"$s\" status", "docker compose logs \"$s\"",
    "docker compose exec db pg_dump \"$s\"", "docker compose exec db sh -c 'echo \"$1\"' sh \"$s\"",
    "docker run --rm app:\"$s\" migrate", "kubectl exec pod -- cat \"$s\"", "find . -name \"$s\" -delete",
    "xargs -a \"$s\" rm", "psql -c \"select $n, '${one}', $flag\"", "sh -c \"sleep $pause; echo $run_id\"",
    "ssh h \"echo ${target_name}\"", "curl -d \"{\\\"a\\\": \\\"$s\\\"}\" http://x",
    "printf '%s' \"$s\" | sh",
    "if [ \"$s\" = sh ]; then :; fi", "[[ $s =~ ^(sh|psql)$ ]] && echo \"$s\"", "case $s in sh) ;; esac",
    "redis-cli SET k \"$s\"", "redis-cli EVAL 'return ARGV[1]' 0 \"$s\"", "su - postgres -c 'ls'",
  ])
  func `a value may be an argument, a file or a text for people`(script: String) {
    #expect(complaints(script) == [])
  }

  @Test func `the remedy is told with the value's own name`() {
    #expect(
      complaints("sh -c \"echo ${s}\"") == [
        "${s} → '${s}' would become part of a program that sh runs; "
          + "pass it as an argument: sh -c '… \"$1\"' sh \"$s\""
      ])
    #expect(
      complaints("psql -c \"select '$out'\"") == [
        "$out → '$out' would become part of a program that psql runs; "
          + "bind it in an sql step, or give psql -v out=\"$out\" and :'out' in what it reads from a file or "
          + "from its standard input, not from -c"
      ])
    #expect(
      complaints("ssh h \"ls $s\"") == [
        "$s → '$s' would become part of a program that ssh runs; "
          + "quote it for the shell at the other end: in bash ${s@Q}"
      ])
    #expect(
      complaints("python3 -c \"print('$s')\"") == [
        "$s → '$s' would become part of a program that python3 runs; "
          + "pass it as an argument and read it in the program"
      ])
  }

  @Test func `a variable of the step counts by what it holds`() {
    func found(_ env: [JSONValue.Member], _ script: String) -> [String] {
      let field = AdapterCall.Field(name: "env", value: .object(env), range: .init(start: 0, end: 0))
      return CommandAdapter().reading(script, fields: [field], names: Self.names).diagnostics.map(\.message)
    }
    #expect(
      found([.init("TABLE", "x_${s}")], "psql -c \"select $TABLE\"") == [
        "'$TABLE' would become part of a program that psql runs"
      ])
    #expect(found([.init("TABLE", "t")], "psql -c \"select $TABLE\"") == [])
    #expect(found([.init("s", "t_${n}")], "psql -c \"select $s\"") == [])
  }
}
