extension Diagnostic {
  /// The list of all kinds of diagnostics.
  ///
  /// A code is printed, documented and searched for: once released it is never given another meaning. A
  /// number that is no longer used stays unused. The compiler refuses the same number twice.
  public enum Code: String, Sendable, Hashable, CaseIterable {
    // RB01xx: the file and its front matter

    /// The file is no valid UTF-8.
    case invalidUTF8 = "RB0101"
    /// The file holds a NUL byte.
    case nulByte = "RB0102"
    /// The whole file is one physical line although it holds fences.
    case oneLongLine = "RB0103"
    /// A fence is never closed.
    case unclosedFence = "RB0104"
    /// A bidirectional or invisible control character stands where something is run or confirmed.
    case invisibleCharacter = "RB0105"
    /// The front matter is never closed.
    case unclosedFrontMatter = "RB0106"
    /// The file is larger than a runbook may be.
    case fileTooLarge = "RB0107"
    /// Front matter that does not begin in the first line.
    case misplacedFrontMatter = "RB0108"
    /// YAML that its grammar refuses.
    case yamlSyntax = "RB0110"
    /// A YAML anchor or alias.
    case yamlAnchor = "RB0111"
    /// A YAML tag.
    case yamlTag = "RB0112"
    /// A key twice in one YAML mapping.
    case yamlDuplicateKey = "RB0113"
    /// More than one YAML document, or a YAML directive.
    case yamlMultipleDocuments = "RB0114"
    /// YAML that is nested too deeply or has too many nodes.
    case yamlTooLarge = "RB0115"
    /// A YAML key that is not a plain name.
    case yamlKey = "RB0116"

    // RB02xx: names and the graph

    /// Two steps have one id.
    case duplicateStep = "RB0201"
    /// An id names no step.
    case unknownStep = "RB0203"

    // RB03xx: attributes

    /// An attribute list that does not parse.
    case malformedAttributes = "RB0301"
    /// A backtick in a fence line.
    case backtickInFenceLine = "RB0302"
    /// Attributes in the form of another tool.
    case foreignAttributes = "RB0303"
    /// A comment that looks like attributes where attributes are not read.
    case strayAttributeComment = "RB0304"
    /// One attribute twice.
    case duplicateAttribute = "RB0305"
    /// An attribute's value is not what the attribute takes.
    case invalidAttribute = "RB0306"

    // RB04xx: fences and bodies

    /// A step without anything to run.
    case emptyBody = "RB0401"
    /// A secret where it would become text or argument.
    case secretMisused = "RB0402"
    /// A script assigns a name of the page.
    case assignedName = "RB0403"

    /// Text that looks like a step, but is no fence in Markdown.
    case hiddenFence = "RB0410"
    /// A step that begins inside another fence.
    case swallowedFence = "RB0411"
    /// An option line that is not at the top of the body, or has the mark of another language.
    case misplacedOptionLine = "RB0412"
    /// Option lines that are no keys and values.
    case malformedOptionLines = "RB0413"
    /// Text that looks like a task item, but is none in Markdown.
    case hiddenTask = "RB0414"

    /// A body that its adapter cannot read.
    case malformedBody = "RB0430"
    /// More than one statement where a step is one.
    case severalStatements = "RB0431"
    /// `${name}` where no value can be bound.
    case misplacedName = "RB0432"
    /// A statement or a command that no step can run.
    case refusedStatement = "RB0433"
    /// A statement or a command that is in no list, and resembles one that is.
    case unknownStatement = "RB0434"
    /// A call that may change something, in a body that otherwise only reads.
    case doubtfulCall = "RB0435"

    // RB05xx: conditions

    // RB06xx: environments and targets

    // RB07xx: parameters and the plan
  }
}
