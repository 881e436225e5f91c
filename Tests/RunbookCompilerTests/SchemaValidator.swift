import Glibc
import RunbookModel
import RunbookSyntax
import TestSupport

/// Validates instances against the shipped schemas with Debian's python3-jsonschema.
struct SchemaValidator {
  private var lines: [String] = []

  /// Adds an instance to validate.
  mutating func add(_ name: String, _ instance: JSONValue, schema: String) {
    let path = Repository.root + "/Schemas/" + schema
    lines.append(
      JSONValue.object([
        .init("name", .string(name)), .init("schema", .string(path)), .init("instance", instance),
      ]).text)
  }

  /// The validator's complaints, each with the instance's name and the place in it.
  func complaints() throws -> [String] {
    let temporary = TemporaryFolder()
    let folder = temporary.path
    try Repository.write(Self.program, to: "\(folder)/validate.py")
    try Repository.write(lines.joined(separator: "\n"), to: "\(folder)/instances")
    guard let pipe = popen("/usr/bin/python3 \(folder)/validate.py \(folder)/instances 2>&1", "r") else {
      throw Repository.Missing(path: "/usr/bin/python3")
    }
    var output: [UInt8] = []
    while case let byte = getc(pipe), byte != EOF { output.append(UInt8(truncatingIfNeeded: byte)) }
    let status = pclose(pipe)
    var complaints = String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
    if status != 0 { complaints.append("the validator ended with status \(status)") }
    return complaints
  }

  private static let program = """
    import json, sys
    from jsonschema import Draft202012Validator
    validators = {}
    count = 0
    for line in open(sys.argv[1], encoding="utf-8"):
        item = json.loads(line)
        path = item["schema"]
        if path not in validators:
            schema = json.load(open(path, encoding="utf-8"))
            Draft202012Validator.check_schema(schema)
            validators[path] = Draft202012Validator(schema)
        count += 1
        for error in validators[path].iter_errors(item["instance"]):
            place = "/".join(str(part) for part in error.absolute_path)
            print(f'{item["name"]}: {place}: {error.message}')
    if count == 0:
        sys.exit("nothing to validate")

    """
}

extension YAMLNode {
  /// The value as an editor's validator sees it: plain scalars typed by YAML 1.2's core schema.
  var typedJSON: JSONValue {
    switch content {
    case .sequence(let elements): return .array(elements.map(\.typedJSON))
    case .mapping(let entries): return .object(entries.map { .init($0.key, $0.value.typedJSON) })
    case .scalar(let scalar):
      if scalar.isNull { return .null }
      guard scalar.style == .plain || scalar.style == .implied else { return .string(scalar.text) }
      switch scalar.text {
      case "true": return true
      case "false": return false
      default:
        if case .number(let text)? = try? JSONValue(parsing: scalar.text) { return .number(text) }
        return .string(scalar.text)
      }
    }
  }
}
