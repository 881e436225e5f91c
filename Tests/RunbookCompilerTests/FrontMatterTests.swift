import RunbookDiagnostics
import RunbookModel
import Testing

@Suite struct FrontMatterTests {
  @Test func `every key is read by its type`() throws {
    let page = CompiledPage(
      """
      ---
      runbook: 1
      title: "Yes: a title"
      summary: What it is for
      severity: SEV1
      owners: [platform, 'on']
      tags: no
      alerts:
        - PostgresDown
      environments: [demo, staging-2]
      parameters:
        service: {type: string, default: on, pattern: '[a-z]+', description: The service}
        count: {type: integer, default: 010, minimum: 1, maximum: 20}
      requires: {targets: [db], tools: [pg_dump]}
      timeout: 1h30m
      locks: [postgres]
      ---
      # Heading
      """)
    #expect(
      page.lines.filter { !$0.contains("RB0211") } == [
        "13:35 error RB0124: the default of 'count' must be an integer, for example 42"
      ])
    let sound = CompiledPage(
      page.file.text(of: .init(0..<page.file.bytes.count)).replacing("010", with: "10"))
    var header = Runbook.Header(title: "Yes: a title")
    header.summary = "What it is for"
    header.severity = "SEV1"
    header.owners = ["platform", "on"]
    header.tags = ["no"]
    header.alerts = ["PostgresDown"]
    header.environments = ["demo", "staging-2"]
    header.requiredTargets = ["db"]
    header.requiredTools = ["pg_dump"]
    header.timeoutMilliseconds = 5_400_000
    header.locks = ["postgres"]
    var service = Runbook.Parameter(name: "service", type: ParameterType(.string), isRequired: false)
    service.type.pattern = "[a-z]+"
    service.defaultValue = "on"
    service.description = "The service"
    var count = Runbook.Parameter(name: "count", type: ParameterType(.integer), isRequired: false)
    count.type.minimum = "1"
    count.type.maximum = "20"
    count.defaultValue = 10
    header.parameters = [service, count]
    #expect(try #require(sound.runbook).header == header)
  }

  @Test func `a title that is left out is the page's first heading, else the name`() {
    #expect(CompiledPage(body: "## Small\n# The *page*\n# Other\n").runbook?.header.title == "The page")
    #expect(CompiledPage(body: "text\n").runbook?.header.title == "page")
  }

  @Test func `mistakes are told all at once, each where it is`() {
    let page = CompiledPage(
      """
      ---
      runbook: 2
      titel: x
      owners: {a: b}
      environments: [Demo, demo, demo]
      timeout: 5
      locks:
      requires: {target: [db], tools: [[x]]}
      summary: ''
      ---
      """)
    #expect(
      page.lines == [
        "2:10 error RB0121: this program reads runbooks of version 1, not '2'",
        "3:1 error RB0122: a runbook has no key 'titel' (did you mean 'title'?)",
        "4:9 error RB0124: 'owners' must be a text",
        "5:16 error RB0202: 'Demo' is no name of an environment (names are lower-case letters, digits, '-' and '_', beginning with a letter or digit)",
        "5:28 error RB0124: 'demo' is here for the second time",
        "6:10 error RB0124: 'timeout' must be a duration, not '5' (durations are written as 500ms, 30s, 5m, 1h30m)",
        "7:7 error RB0124: 'locks' has no value",
        "8:12 error RB0122: 'requires' has no key 'target' (did you mean 'targets'?)",
        "8:34 error RB0124: 'requires.tools' must be a text",
        "9:10 error RB0124: 'summary' has no value",
      ])
  }

  @Test func `parameters are checked against their own types`() {
    let page = CompiledPage(
      """
      ---
      runbook: 1
      parameters:
        Service-Name: {type: string}
        a: {type: strng}
        b: {type: string, pattern: '[a'}
        c: {type: choice}
        d: {type: choice, choices: [x, y], default: z}
        e: {type: string, choices: [x]}
        f: {type: integer, minimum: 5, maximum: 1, pattern: x}
        g: {type: secret, default: hunter2}
        h: {type: secret, from: hunter2}
        i: {type: string, from: 'env:X'}
        j: {type: boolean, default: yes}
        k: {type: duration, default: 5}
        l: {type: string, default: x, required: true}
        m: {type: integer, required: false}
        n: {type: number, defualt: 1.5}
        o: text
      ---
      """)
    #expect(
      page.lines.filter { !$0.contains("RB0211") } == [
        "4:3 error RB0202: 'Service-Name' is no name of a parameter (did you mean 'service_name'?; names are lower-case letters, digits and '_', beginning with a letter)",
        "5:13 error RB0124: 'type' must be one of string, integer, number, boolean, choice, duration, secret, not 'strng' (did you mean 'string'?)",
        "6:30 error RB0124: 'pattern' is no regular expression: unmatched [, [^, [:, [., or [=",
        "7:13 error RB0123: 'c' is a choice without 'choices' (add 'choices: [one, another]')",
        "8:47 error RB0124: the default of 'd' must be one of 'x', 'y'",
        "9:30 error RB0124: 'choices' is for type choice, not string (add 'type: choice')",
        "10:43 error RB0124: 'maximum' is below 'minimum'",
        "10:55 error RB0124: 'pattern' is for type string, not integer",
        "11:30 error RB0606: a secret has no default (say where it is kept: 'from: env:NAME')",
        "12:27 error RB0606: 'h' must be a reference to a secret, never the secret itself (references are env:NAME, file:PATH, dotenv:FILE#NAME and command:[\"program\", \"argument\"])",
        "13:27 error RB0124: 'from' is for type secret, not string",
        "14:31 error RB0124: the default of 'j' must be true or false",
        "15:32 error RB0124: the default of 'k' must be a duration, for example 30s, 5m or 1h30m",
        "16:43 error RB0124: 'l' is required and has a value of its own (keep one of 'required' and 'default')",
        "17:32 error RB0124: 'm' is not required and has no default (only a string may be left out without a default: it is empty then)",
        "18:21 error RB0122: a parameter has no key 'defualt' (did you mean 'default'?)",
        "19:6 error RB0124: a parameter must be a mapping of keys to values",
      ])
  }

  @Test func `a secret on the command line or in the page stays out of messages`() {
    let page = CompiledPage("---\nrunbook: 1\nparameters:\n  t: {type: secret, from: hunter2}\n---\n")
    #expect(!page.diagnostics.contains { $0.message.contains("hunter2") })
  }

  @Test func `a page without a version is no runbook`() {
    #expect(
      CompiledPage("# Title\n").lines == [
        "1:1 error RB0120: the page is no runbook (a runbook begins with '---', 'runbook: 1' and '---')"
      ])
  }
}

extension String {
  /// The text with every `old` replaced.
  func replacing(_ old: String, with new: String) -> String {
    var result = ""
    var rest = self[...]
    while !rest.isEmpty {
      if rest.hasPrefix(old) {
        result += new
        rest = rest.dropFirst(old.count)
      } else {
        result.append(rest.removeFirst())
      }
    }
    return result
  }
}
