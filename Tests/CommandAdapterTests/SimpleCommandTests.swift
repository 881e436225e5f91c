import RunbookModel
import Testing

@testable import CommandAdapter

/// A script's simple commands, one text each: words in brackets, names as `{name}`, input behind `<`.
private func commands(in script: String) -> [String] {
  func text(_ pieces: [Template.Piece]) -> String {
    pieces.map { piece in
      switch piece {
      case .literal(let text): text
      case .name(let name, _): "{\(name)}"
      }
    }.joined()
  }
  return ShellScanner(script).simpleCommands.map { command in
    command.words.map { "[\(text($0))]" }.joined() + (command.input.isEmpty ? "" : "<" + text(command.input))
  }
}

@Test(arguments: [
  ("ls -l \"$a\"'$b'\\$c${d}e", ["[ls][-l][{a}$b$c{d}e]"]),
  ("A=1 B=\"$x\" env C=$d id > \"$out\" 2>&1 arg", ["[env][C={d}][id][arg]"]),
  ("a | b \"$x\" && c; d & e", ["[a]", "[b][{x}]", "[c]", "[d]", "[e]"]),
  ("if ! a; then b; else { c; }; fi", ["[a]", "[b]", "[c]"]),
  ("x=$(f \"$a\") g \"$(h '$b' `i`)\" tail", ["[f][{a}]", "[g][{}][tail]", "[h][$b][{}]", "[i]"]),
  ("sudo -u me psql -c \"$q\"; exec a b", ["[sudo][-u][me][psql][-c][{q}]", "[exec][a][b]"]),
  ("\"$tool\" x; 'psql' -c; p\\sql", ["[{tool}][x]", "[psql][-c]", "[psql]"]),
  ("a \"${x:-$y}\" ${#x} ${x@Q} ${x:+z} ${x%.md} ${!x}", ["[a][{x}][{}][{}][{}][{x}][{x}]"]),
  ("a $((1 + $n)) $1 \"$@\" $? $", ["[a][{}][{}][{}][{}][$]"]),
  ("a $'x\\'y' $\"z $b\" \"\\$c \\q\"", ["[a][x\\'y][z {b}][$c \\q]"]),
  ("a \\\n  b \\\n  \"$c\"", ["[a][b][{c}]"]),
  ("cat <<EOF | b\nx $y ${z@Q} $(c $d)\nEOF\ne", ["[cat]<{y}", "[b]", "[c][{d}]", "[e]"]),
  ("a <<'EOF' -x\n$y\nEOF\nb <<< \"p $q\" r", ["[a][-x]", "[b][r]<p {q}"]),
  ("case $x in a|\"$b\") c d;; esac; f() { g h; }", ["[case][{x}][in]", "[c][d]", "[g][h]"]),
  ("[[ $a == \"$b\" ]] && list=(x \"$y\") c", ["[[[]", "[c]"]),
  ("(a b) ; ( c \"$d\" )\ne", ["[a][b]", "[c][{d}]", "[e]"]),
])
func `simple commands are found with their words`(script: String, found: [String]) {
  #expect(commands(in: script) == found)
}

@Test func `the words of no script make it hang or crash`() {
  var seed: UInt64 = 7
  let alphabet = Array("ab${}()'\"`\\<>|&;#=@+!1\n EOF-[]")
  for _ in 0..<4000 {
    var script = ""
    for _ in 0..<40 {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      script.append(alphabet[Int(seed >> 33) % alphabet.count])
    }
    let result = ShellScanner(script)
    for command in result.simpleCommands {
      for case .name(_, let range) in command.words.flatMap(\.self) + command.input {
        #expect(range.upperBound <= script.utf8.count, "\(script.debugDescription)")
      }
    }
  }
}
