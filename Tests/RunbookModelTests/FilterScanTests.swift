import RunbookModel
import Testing

@Suite struct FilterScanTests {
  @Test(arguments: [
    ".", ".a.b[0] // \"x\"", ".status == \"failed\"", "{env: 1, input}.env", ".env.input", "\"\\(1 + (2))\"",
    "\"a#b)\" | length", "@json \"x\\(.a | {b: \"\\(.c)\"})\"", "[.[] | select(.n > 1e3)]", ".a?",
    "if . then 1 else 2 end", "reduce .[] as $x (0; . + $x)", ". as {a: $b, $c} ?// [$d] | [$b, $c, $d]",
    "def f($p; g): $p + g; f(1; 2)", "label $out | 1, break $out", "{\"a\": .b, (\"c\"): .d, $__loc__}",
  ])
  func `a sound filter has no problem and needs no variable`(_ source: String) {
    let scan = FilterScan(source)
    #expect(scan.problems.map(\.message) == [])
    #expect(scan.variables == [])
  }

  @Test(arguments: [
    ("1) | (halt", ["')' closes nothing", "'(' is never closed", "a filter cannot use 'halt'"]),
    ("", ["the filter is empty"]),
    ("  ", ["the filter is empty"]),
    (". # x", ["a filter holds no comment"]),
    ("[1, 2)", ["')' where ']' is expected"]),
    ("{a: [1}", ["'{' is never closed", "'}' where ']' is expected"]),
    ("\"abc", ["this string is never closed"]),
    ("\"a\\(1 + \"", ["this string is never closed"]),
    ("\"a\\(1", ["this string is never closed"]),
    ("\"\\(\"x) | halt\")\"", []),
    ("$ENV.PATH", ["a filter cannot use '$ENV'"]),
    ("env.PATH", ["a filter cannot use 'env'"]),
    ("{a: env}", ["a filter cannot use 'env'"]),
    ("input", ["a filter cannot use 'input'"]),
    (". | debug", ["a filter cannot use 'debug'"]),
    ("\"\\(input)\"", ["a filter cannot use 'input'"]),
    (".a\u{0}", ["a control character"]),
  ])
  func `what could escape is named`(_ source: String, _ messages: [String]) {
    #expect(FilterScan(source).problems.map(\.message) == messages)
  }

  @Test func `problems have exact places`() {
    let problem = FilterScan(".é == \"x\" | halt").problems.first
    #expect(problem?.range == 13..<17)
    #expect(problem?.kind == .forbiddenWord)
  }

  @Test func `variables are those it does not bind itself, with places`() {
    let scan = FilterScan("$select_one.status as $s | \"\\($service) $no\" | $s")
    #expect(scan.variables.map(\.name) == ["select_one", "service"])
    #expect(scan.variables.map(\.range) == [0..<11, 30..<38])
    #expect(Filter("$b + $a + $b").variables == ["a", "b"])
  }
}

@Suite struct DurationTextTests {
  @Test(arguments: [
    ("5s", 5000), ("250ms", 250), ("1h30m", 5_400_000), ("2m", 120_000), ("1d", 86_400_000),
    ("1m5ms", 60_005),
  ])
  func `durations are read`(_ text: String, _ milliseconds: Int) {
    #expect(DurationText.milliseconds(parsing: text) == milliseconds)
  }

  @Test(arguments: [
    "", "5", "s", "5 s", "-5s", "5s5s", "5s1m", "1.5s", "5x", "9999999999999d", "367d", "5S", "٥s",
  ])
  func `anything else is no duration`(_ text: String) {
    #expect(DurationText.milliseconds(parsing: text) == nil)
  }
}
