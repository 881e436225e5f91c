import RunbookDiagnostics
import RunbookModel
import RunbookSyntax

/// What the opening line of another tool's fence would be here.
struct ForeignFence {
  private let form: ForeignAttributes.Form
  private let text: String

  /// The attributes as they stand in `file`.
  init(_ attributes: ForeignAttributes, in file: SourceFile) {
    form = attributes.form
    text = String(decoding: file.bytes[attributes.range.offsets], as: UTF8.self)
  }

  /// The info string of the step; `#name` where the fence has nothing that could be its id.
  ///
  /// - Parameters:
  ///   - language: The word in front of the attributes, if it is a language of steps.
  ///   - languages: All of those.
  func rewritten(language: String?, among languages: [String]) -> String {
    switch form {
    case .runme:
      let members = (try? JSONValue(parsing: text))?.members ?? []
      let name = members.first { $0.name == "name" }?.value.string.flatMap { Slug.make($0) }
      let id = members.first { $0.name == "id" }?.value.string.flatMap { Slug.make($0) }
      return "\(language ?? "bash") {#\(name ?? id ?? "name")}"
    case .pandocClass:
      let words = text.dropFirst().prefix { $0 != "}" }.split(separator: " ")
      let classes = words.filter { $0.hasPrefix(".") }.map { String($0.dropFirst()) }
      let word = classes.first { languages.contains($0) } ?? language ?? "bash"
      let id = words.first { $0.hasPrefix("#") && $0.utf8.count > 1 } ?? "#name"
      let rest = words.filter { !$0.hasPrefix(".") && !$0.hasPrefix("#") }
      return "\(word) {\(([id] + rest).joined(separator: " "))}"
    }
  }
}
