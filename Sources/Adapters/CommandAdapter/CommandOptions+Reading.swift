import InnerPrograms
import RunbookAdapter
import RunbookDiagnostics
import RunbookModel

extension CommandOptions {
  /// Reads `env`, `cwd` and the body's names; nil after an error.
  static func read(from fields: inout FieldReader) -> CommandOptions? {
    guard let language = CommandLanguage(rawValue: fields.language) else { return nil }
    let errors = fields.diagnostics.count
    let variables = readVariables(from: &fields)
    let directory = readDirectory(from: &fields)
    let own = Set(variables.map(\.name))
    let mentioned =
      switch language {
      case .bash, .sh: shellNames(own: variables, in: &fields)
      case .python: pythonNames(own: own, in: &fields)
      }
    if fields.body.allSatisfy(\.isWhitespace) {
      fields.report(.emptyBody, "the step has no body to run", atBody: 0..<fields.body.utf8.count)
    }
    guard fields.diagnostics.count == errors else { return nil }
    return CommandOptions(
      language: language, script: fields.body, variables: variables, mentioned: mentioned,
      directory: directory)
  }

  /// `env: {NAME: text}`, `env: [name]` or `env="name name"`.
  private static func readVariables(from fields: inout FieldReader) -> [Variable] {
    guard let field = fields.take("env") else { return [] }
    var variables: [Variable] = []
    switch field.value {
    case .object(let members):
      for member in members {
        guard let text = member.value.string else {
          fields.report(.invalidAttribute, "'env.\(member.name)' must be a text", at: field)
          continue
        }
        variables.append(Variable(name: member.name, value: Template(text)))
      }
    case .array, .string:
      let names =
        field.value.array?.compactMap(\.string)
        ?? (field.value.string ?? "").split(whereSeparator: { $0 == " " || $0 == "," }).map(String.init)
      for name in names { variables.append(Variable(name: name, value: Template("${\(name)}"))) }
    case .null, .boolean, .number:
      fields.report(
        .invalidAttribute, "'env' must be a list of names or a mapping of names to texts", at: field)
    }
    for variable in variables {
      if !isVariableName(variable.name) {
        fields.report(
          .invalidAttribute, "'\(variable.name)' is no name of an environment variable", at: field,
          notes: ["names are letters, digits and '_', not beginning with a digit"])
      }
      for name in variable.value.names { fields.use(name.name, at: field.range) }
      let isWhole = variable.value.pieces.count == 1
      for name in variable.value.names where fields.names.isSecret(name.name) && !isWhole {
        fields.report(
          .invalidAttribute, "the secret '${\(name.name)}' must be the whole value of '\(variable.name)'",
          at: field)
      }
    }
    return variables
  }

  private static func readDirectory(from fields: inout FieldReader) -> Template? {
    guard let field = fields.take("cwd") else { return nil }
    guard let text = field.value.string, !text.isEmpty else {
      fields.report(.invalidAttribute, "'cwd' must be a path", at: field)
      return nil
    }
    let template = Template(text)
    for name in template.names {
      fields.use(name.name, at: field.range)
      if fields.names.isSecret(name.name) {
        fields.report(.secretMisused, "the secret '${\(name.name)}' cannot be part of a path", at: field)
      }
    }
    return template
  }

  private static func shellNames(own variables: [Variable], in fields: inout FieldReader) -> [String] {
    let scanner = ShellScanner(fields.body)
    let own = Set(variables.map(\.name))
    refuseTexts(of: scanner, variables, in: &fields)
    if scanner.isTooDeep {
      fields.report(
        .malformedBody,
        "the script is nested more than \(ShellScanner.maximumDepth) levels deep",
        atBody: 0..<fields.body.utf8.count, notes: ["what is in it could not be judged"])
    }
    let assigned = Set(scanner.assignments.map(\.name))
    for assignment in scanner.assignments where fields.names.contains(assignment.name) {
      fields.report(
        .assignedName, "'\(assignment.name)' is a name of this page and cannot be assigned",
        atBody: assignment.range,
        notes: ["use another variable, so that the log's value is the one the script saw"])
    }
    var mentioned: Set<String> = []
    for expansion in scanner.expansions where !own.contains(expansion.name) {
      if fields.names.contains(expansion.name) {
        fields.use(expansion.name, atBody: expansion.range)
        if fields.names.isSecret(expansion.name) {
          fields.report(
            .secretMisused, "the secret '${\(expansion.name)}' is handed over by 'env' only",
            atBody: expansion.range,
            notes: ["add 'env: [\(expansion.name)]' to the step"])
        }
        mentioned.insert(expansion.name)
      } else if expansion.isBraced, !expansion.hasDefault, !assigned.contains(expansion.name),
        !ShellNames.isProvided(expansion.name), !isRebinding(fields)
      {
        // The compiler knows all names and suggests the nearest.
        fields.use(expansion.name, atBody: expansion.range)
      } else if isRebinding(fields), Template.isName(expansion.name) {
        mentioned.insert(expansion.name)
      }
    }
    return mentioned.sorted()
  }

  /// Reports values that would become part of a program which a command of the script runs.
  private static func refuseTexts(
    of scanner: ShellScanner, _ variables: [Variable], in fields: inout FieldReader
  ) {
    var values = Set(fields.names.kinds.filter { holdsAnyText($0.value) }.keys)
    for variable in variables {
      if variable.value.names.contains(where: { values.contains($0.name) }) {
        values.insert(variable.name)
      } else {
        values.remove(variable.name)
      }
    }
    let bytes = Array(fields.body.utf8)
    for command in scanner.simpleCommands {
      for text in InnerProgram.texts(in: command.words, input: command.input) where values.contains(text.name)
      {
        let source = String(decoding: bytes[text.range], as: UTF8.self)
        fields.report(
          .misplacedName, "'\(source)' would become part of a program that \(text.reader) runs",
          atBody: text.range,
          notes: [advice(text.advice, for: text.name)])
      }
    }
  }

  /// An advice with the value's own name in it.
  private static func advice(_ text: String, for name: String) -> String {
    text.split(separator: "${name}", omittingEmptySubsequences: false)
      .map { $0.replacing("name", with: name) }.joined(separator: "\"$\(name)\"")
  }

  /// Whether a name may stand for a text that nobody wrote into the page: what runs, is typed or answers elsewhere.
  private static func holdsAnyText(_ kind: NameTable.Kind) -> Bool {
    switch kind {
    case .parameter(let type):
      switch type {
      case .string, .secret: true
      case .integer, .number, .boolean, .choice, .duration: false
      }
    case .output, .answer: true
    case .builtIn: false
    }
  }

  /// A plan binds again with an empty table: all names were checked, and values there are tell what to set.
  private static func isRebinding(_ fields: FieldReader) -> Bool { fields.names.kinds.isEmpty }

  /// Names in `os.environ["x"]`, `os.environ.get("x")` and `os.getenv("x")`.
  private static func pythonNames(own: Set<String>, in fields: inout FieldReader) -> [String] {
    let bytes = Array(fields.body.utf8)
    var mentioned: Set<String> = []
    for opening in ["environ[", "environ.get(", "getenv("] {
      var start = bytes.startIndex
      while let found = bytes[start...].firstRange(of: Array(opening.utf8)) {
        start = found.upperBound
        guard start < bytes.count, bytes[start] == UInt8(ascii: "\"") || bytes[start] == UInt8(ascii: "'"),
          let close = bytes[(start + 1)...].firstIndex(of: bytes[start])
        else { continue }
        let name = String(decoding: bytes[(start + 1)..<close], as: UTF8.self)
        let range = (start + 1)..<close
        guard !own.contains(name) else { continue }
        if fields.names.contains(name) {
          fields.use(name, atBody: range)
          if fields.names.isSecret(name) {
            fields.report(
              .secretMisused, "the secret '\(name)' is handed over by 'env' only", atBody: range,
              notes: ["add 'env: [\(name)]' to the step"])
          }
          mentioned.insert(name)
        } else if isRebinding(fields) {
          if Template.isName(name) { mentioned.insert(name) }
        } else if opening == "environ[", Template.isName(name) {
          fields.use(name, atBody: range)
        }
      }
    }
    return mentioned.sorted()
  }

  private static func isVariableName(_ name: String) -> Bool {
    guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
    return name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
        true
      default: false
      }
    }
  }
}

extension ArraySlice<UInt8> {
  /// The first place where `needle` stands.
  fileprivate func firstRange(of needle: [UInt8]) -> Range<Int>? {
    guard let first = needle.first else { return nil }
    var from = startIndex
    while let index = self[from...].firstIndex(of: first) {
      if self[index...].starts(with: needle) { return index..<(index + needle.count) }
      from = index + 1
    }
    return nil
  }
}
