public import RunbookAdapter
public import RunbookDiagnostics
public import RunbookModel

extension Adapter {
  /// Reads one step with `body` as its text; positions are offsets into it.
  public func reading(
    _ body: String, language: String? = nil, fields: [AdapterCall.Field] = [],
    traits: StepTraits = StepTraits(), names: [String: NameTable.Kind] = [:]
  ) -> (options: Options?, diagnostics: [Diagnostic], uses: [String]) {
    let origin = BodyOrigin(segments: [.init(body: 0, source: 0)])
    let call = AdapterCall(language: language ?? languages[0], fields: fields, body: body, origin: origin)
    var reader = FieldReader(call, traits: traits, names: NameTable(names))
    let options = options(from: &reader)
    return (options, reader.diagnostics, reader.uses.map(\.name))
  }

  /// What is wrong with `body`, one line each: the text it is about, the message, the notes.
  public func complaints(
    about body: String, traits: StepTraits = StepTraits(), names: [String: NameTable.Kind] = [:]
  ) -> [String] {
    let bytes = Array(body.utf8)
    return reading(body, traits: traits, names: names).diagnostics.map { problem in
      let text = String(decoding: bytes[problem.range.offsets.clamped(to: bytes.indices)], as: UTF8.self)
      return (["\(text) → \(problem.message)"] + problem.notes).joined(separator: "; ")
    }
  }
}
