import CommandAdapter
import RunbookAdapter
import RunbookModel
import TestSupport
import Testing

/// What the log and a prompt show of a script.
struct InvocationTests {
  private func invocation(_ values: [String: Value]) throws -> String {
    let options = try #require(
      CommandAdapter().reading("echo \"${text}\"", language: "bash", names: ["text": .parameter(.string)])
        .options)
    return CommandAdapter().invocation(of: options, on: .local, values: values)
  }

  @Test(arguments: [
    ("plain-word_1.2/x", "plain-word_1.2/x"), ("", #""""#), ("two words", #""two words""#),
    ("a\nrm -rf /\n# b", #""a\nrm -rf /\n# b""#),
    ("say \"hi\"\t\u{1b}[2J", #""say \"hi\"\t\u001b[2J""#), ("***", "***"),
  ])
  func `a value stands on one line and cannot look like a line of the program`(
    value: String, shown: String
  ) throws {
    let text = try invocation(["text": .text(value)])
    #expect(text == "# bash -euo pipefail\n# text=\(shown)\necho \"${text}\"")
  }

  @Test func `of a long value the size and the digest are told`() throws {
    let text = try invocation(["text": .text(String(repeating: "é\n", count: 50_000))])
    let line = try #require(text.split(separator: "\n").dropFirst().first)
    #expect(line.hasPrefix("# text=\"é\\né\\n"))
    #expect(
      line.hasSuffix(
        "\\n\"… (150000 bytes, sha256:768eed37b859e0aae6bd7298e8146be63f413450c3c60c235f45b7d65b957856)"))
  }

  @Test func `a secret is never shown`() throws {
    let secret = SecretReference(name: "text", source: .environment("X"))
    #expect(try invocation(["text": .secret(secret)]).contains("# text=***\n"))
  }
}
