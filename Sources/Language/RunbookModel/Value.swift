/// Where a secret's bytes come from; never the bytes themselves.
public struct SecretReference: Hashable, Sendable {
  /// The scheme of a reference.
  public enum Source: Hashable, Sendable {
    /// An environment variable of this program.
    case environment(String)
    /// The whole of a file, without one final line end.
    case file(String)
    /// One entry of a `NAME=value` file.
    case dotenv(path: String, name: String)
    /// The standard output of a program, without one final line end.
    case command([String])
    /// An output marked `secret` of an earlier step, held in memory only.
    case output(StepID, name: String)
  }

  /// The name under which people know the secret, for messages.
  public let name: String
  /// Where to read it.
  public let source: Source

  /// A reference; nothing is read.
  public init(name: String, source: Source) {
    self.name = name
    self.source = source
  }

  /// The reference as written in an environment or a front matter: `env:NAME`, `file:PATH`, `dotenv:FILE#NAME`,
  /// `command:[…]`, `output:step.name`.
  public var text: String {
    switch source {
    case .environment(let name): "env:\(name)"
    case .file(let path): "file:\(path)"
    case .dotenv(let path, let name): "dotenv:\(path)#\(name)"
    case .command(let arguments): "command:\(JSONValue.array(arguments.map { .string($0) }).text)"
    case .output(let step, let name): "output:\(step).\(name)"
    }
  }

  /// The same secret, where its relative path is meant from `directory`, which may be relative itself; empty is
  /// where the result's own path begins. `.` and `..` are taken out as far as that goes.
  public func relative(to directory: String) -> SecretReference {
    func joined(_ path: String) -> String {
      guard !path.hasPrefix("/") else { return path }
      var parts: [Substring] = []
      for part in (directory + "/" + path).split(separator: "/") where part != "." {
        if part == "..", let last = parts.last, last != ".." {
          parts.removeLast()
        } else {
          parts.append(part)
        }
      }
      let isAbsolute = directory.hasPrefix("/")
      if isAbsolute { parts.removeFirst(parts.prefix { $0 == ".." }.count) }
      return (isAbsolute ? "/" : "") + parts.joined(separator: "/")
    }
    switch source {
    case .file(let path): return SecretReference(name: name, source: .file(joined(path)))
    case .dotenv(let path, let entry):
      return SecretReference(name: name, source: .dotenv(path: joined(path), name: entry))
    case .environment, .command, .output: return self
    }
  }

  /// Parses `env:`, `file:`, `dotenv:FILE#NAME` and `command:["program","argument"]`; nil for anything else.
  public init?(name: String, parsing text: String) {
    func rest(_ prefix: String) -> String? {
      text.hasPrefix(prefix) && text.utf8.count > prefix.utf8.count
        ? String(text.dropFirst(prefix.count)) : nil
    }
    if let variable = rest("env:") {
      self.init(name: name, source: .environment(variable))
    } else if let path = rest("file:") {
      self.init(name: name, source: .file(path))
    } else if let entry = rest("dotenv:"), let hash = entry.lastIndex(of: "#"), hash != entry.startIndex,
      entry.index(after: hash) != entry.endIndex
    {
      self.init(
        name: name,
        source: .dotenv(path: String(entry[..<hash]), name: String(entry[entry.index(after: hash)...])))
    } else if let list = rest("command:"),
      let arguments = (try? JSONValue(parsing: list))?.array?.map(\.string),
      !arguments.isEmpty, !arguments.contains(nil)
    {
      self.init(name: name, source: .command(arguments.compactMap(\.self)))
    } else if let output = rest("output:"), let dot = output.lastIndex(of: ".") {
      self.init(
        name: name,
        source: .output(StepID(String(output[..<dot])), name: String(output[output.index(after: dot)...])))
    } else {
      return nil
    }
  }
}

/// What a name stands for. A secret is never text: only `SecretSource.withBytes` opens one.
public enum Value: Hashable, Sendable {
  case plain(JSONValue)
  case secret(SecretReference)

  /// A plain text.
  public static func text(_ text: String) -> Self { .plain(.string(text)) }

  /// The plain value's text; nil for a secret.
  public var plainText: String? { if case .plain(let value) = self { value.plainText } else { nil } }

  /// The reference; nil for a plain value.
  public var secret: SecretReference? { if case .secret(let reference) = self { reference } else { nil } }

  /// What people and plans see: the text, or `***` for a secret.
  public var displayText: String { plainText ?? "***" }
}
