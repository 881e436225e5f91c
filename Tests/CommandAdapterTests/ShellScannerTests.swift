import Testing

@testable import CommandAdapter

private func scan(_ script: String) -> ShellScanner { ShellScanner(script) }

@Test(arguments: [
  ("echo ${a} $b", ["a", "b"]),
  ("echo '${a}' \"${b}\"", ["b"]),
  ("echo \"x ${a:-${b}} y\"", ["a", "b"]),
  ("echo \\${a} ${b}", ["b"]),
  ("# ${a}\necho ${b} # ${c}", ["b"]),
  ("cat <<EOF\n${a}\nEOF\necho ${b}", ["a", "b"]),
  ("cat <<'EOF'\n${a}\nEOF\necho ${b}", ["b"]),
  ("cat <<-EOF\n\t${a}\n\tEOF\necho ${b}", ["a", "b"]),
  ("x=$(echo ${a} | grep \"${b}\")", ["a", "b"]),
  ("echo `echo ${a}` ${b}", ["a", "b"]),
  ("echo ${#a} ${b[0]} ${c%.md} ${d//x/y}", ["a", "b", "c", "d"]),
  ("echo $((a + ${b}))", ["b"]),
  ("echo $'${a}' ${b}", ["b"]),
])
func `expansions are found where a shell expands`(script: String, names: [String]) {
  #expect(scan(script).expansions.map(\.name) == names)
}

@Test func `an expansion's range is that of its braces`() {
  let expansion = scan("echo é ${service}").expansions[0]
  #expect(expansion.range == 8..<18)
  #expect(expansion.isBraced && !expansion.hasDefault)
}

@Test(arguments: [
  ("${a:-x}", true), ("${a-x}", true), ("${a:+x}", true), ("${a:1:2}", false), ("${a%x}", false),
])
func `a default makes an unset name harmless`(text: String, hasDefault: Bool) {
  #expect(scan("echo \(text)").expansions[0].hasDefault == hasDefault)
}

@Test(arguments: [
  ("a=1 b=2 make c=3", ["a", "b"]),
  ("for i in 1 2; do echo $i; done", ["i"]),
  ("while read -r x y; do :; done", ["x", "y"]),
  ("local a b=2", ["a", "b"]),
  ("export PATH=/x", ["PATH"]),
  ("declare -a list=(1 2 ${c})", ["list"]),
  ("printf -v out '%s' x", ["out"]),
  ("a+=1; b[2]=3", ["a", "b"]),
  ("echo a=1", []),
  (": ${a:=1}", ["a"]),
  ("mapfile -t lines < f", ["lines"]),
])
func `assignments are found in all their forms`(script: String, names: [String]) {
  #expect(scan(script).assignments.map(\.name) == names)
}

@Test(arguments: [
  ("docker ps | grep x && psql -c y; curl z", ["docker", "grep", "psql", "curl"]),
  ("if test -f x; then rm x; else touch x; fi", ["test", "rm", "touch"]),
  ("f() { jq .; }\nf", ["jq", "f"]),
  ("A=1 env", ["env"]),
  ("$(which ls) -l", ["which"]),
  ("echo hi > out && cat < in", ["echo", "cat"]),
  ("case $x in a) ls;; b) wc;; esac", ["case", "ls", "wc"]),
  ("\"$tool\" --version", []),
  ("for f in *.md; do wc \"$f\"; done", ["for", "wc"]),
  ("cat <<EOF\nrm -rf /\nEOF\nls", ["cat", "ls"]),
])
func `commands in plain sight are found`(script: String, commands: [String]) {
  #expect(scan(script).commands.map(\.name) == commands)
}

@Test(arguments: [
  ("check() { true; }\ncheck", ["check"]),
  ("function check { true; }\ncheck", ["check"]),
  ("function check() (true)\nfunction other\n{ ls; }", ["check", "other"]),
])
func `functions of the script are told apart`(script: String, functions: [String]) {
  let result = scan(script)
  #expect(result.functions == Set(functions))
  #expect(Set(result.commands.map(\.name)).isSubset(of: Set(functions).union(["true", "ls", "function"])))
}

@Test(arguments: [
  ("[[ $x =~ ^(aq|bq)$ ]] && ls", ["[[", "ls"]),
  ("[[ ( -f x || -d zzz ) && ! ( -e qq ) ]]\nls", ["[[", "ls"]),
  ("[[ -f a &&\n  -f b ]]\nls", ["[[", "ls"]),
  ("if [[ $(wc -l < a) > 3 ]]; then ls; fi", ["[[", "wc", "ls"]),
  ("for ((i=0;i<3;i++)); do wc; done", ["for", "wc"]),
  ("for ((i=0;i<3;i++))\ndo wc; done", ["for", "wc"]),
  ("x=$((${a} + 1))\nls", ["ls"]),
  ("2>/dev/null ls", ["ls"]),
  ("{ wc; } >/dev/null 2>&1; ls", ["wc", "ls"]),
  ("wc &>/dev/null x; ls", ["wc", "ls"]),
  ("exec {log}>/tmp/log; ls >&\"$log\"", ["exec", "ls"]),
  ("case $x in +(a)b) ls;; c|d) wc;& e) cat;; esac; id", ["case", "ls", "wc", "cat", "id"]),
  ("ls !(*.md) @(a|b)\nwc", ["ls", "wc"]),
  ("!(grep -q x f) && ls", ["grep", "ls"]),
])
func `what is no command is taken for none`(script: String, commands: [String]) {
  #expect(scan(script).commands.map(\.name) == commands)
}

@Test(arguments: [
  ("jq . x", "jq"), ("set -euo pipefail\nx=1\necho hi\njq .", "jq"), ("jq . x\nls | wc", "jq"),
  ("jq . x 2>&1; ls || true", "jq"),
])
func `the first program is known where it surely runs`(script: String, name: String) {
  #expect(scan(script).firstProgram?.name == name)
}

@Test(arguments: [
  "apt-get() { :; }\njq", "source lib.sh\njq", "eval x\njq", "jq || true", "jq | cat", "jq & wait", "! jq",
  "if jq; then :; fi", "true && jq", "exit 0\njq", "set +e\njq", "set -n\njq", "x=$(install jq)\njq",
  "\"$x\"\njq",
  "alias jq=true\njq", "(jq)", "trap 'exit 0' EXIT\njq", "echo $(jq)", "command -v jq", "jq() { :; }; jq",
  "jq\njq() { :; }",
])
func `no program is the first one where it may not run or not be missed`(script: String) {
  #expect(scan(script).firstProgram?.name != "jq")
}

@Test(arguments: [
  "$(", "$((", "${x:-", "`", "\"$(", "((", "(", "a=(", "x=$(", "<(", "<<A\n$(", "$(( $(", "case x in a) ",
  "{ ",
  "\"${x:-", "$($((", "< $(", "[[ (",
])
func `what is nested without end is not followed`(opening: String) {
  let deep = scan(String(repeating: opening, count: 100_000))
  // What only looks like nesting takes no depth.
  #expect(deep.isTooDeep || !["$(", "$((", "${x:-", "<(", "x=$("].contains(opening))
  #expect(!scan(String(repeating: opening, count: 20)).isTooDeep)
}

@Test func `no script makes it hang or crash`() {
  var seed: UInt64 = 42
  let alphabet = Array("ab${}()'\"`\\<>|&;#=\n \tEOF-[]!")
  for _ in 0..<2000 {
    var script = ""
    for _ in 0..<40 {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      script.append(alphabet[Int(seed >> 33) % alphabet.count])
    }
    let result = scan(script)
    #expect(
      result.expansions.allSatisfy { $0.range.upperBound <= script.utf8.count }, "\(script.debugDescription)")
  }
}
