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
    /// The file cannot be read.
    case unreadableFile = "RB0109"
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
    /// A page without front matter that says `runbook: 1`.
    case noRunbook = "RB0120"
    /// A version of the language that this program does not read.
    case unsupportedVersion = "RB0121"
    /// A key that the front matter or an environment does not have.
    case unknownKey = "RB0122"
    /// A key that has to be there.
    case missingKey = "RB0123"
    /// A value that is not what its key takes.
    case invalidValue = "RB0124"

    // RB02xx: names and the graph

    /// Two steps have one id.
    case duplicateStep = "RB0201"
    /// An id or a name that has not the form of one.
    case invalidName = "RB0202"
    /// An id names no step.
    case unknownStep = "RB0203"
    /// Steps that wait for each other.
    case cyclicNeeds = "RB0204"
    /// An undo, rescue or verify step that nothing names.
    case unreachableStep = "RB0205"
    /// A step named where a step of another kind is wanted.
    case wrongStepKind = "RB0206"
    /// A step without an id where one is wanted.
    case missingStepID = "RB0207"
    /// One name for two things.
    case duplicateName = "RB0208"
    /// A `${name}` or `$name` that stands for nothing.
    case unknownName = "RB0209"
    /// A value used before the step that gives it.
    case usedTooEarly = "RB0210"
    /// A parameter that nothing uses.
    case unusedParameter = "RB0211"

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
    /// An attribute that does not exist.
    case unknownAttribute = "RB0307"
    /// An attribute that does not fit the step.
    case misplacedAttribute = "RB0308"
    /// An effect below the one the adapter is certain of.
    case loweredEffect = "RB0309"
    /// A step that is repeated although repeating may do harm.
    case unsafeRepetition = "RB0310"
    /// A step that never ends by itself.
    case endlessStep = "RB0311"

    // RB04xx: fences and bodies

    /// A step without anything to run.
    case emptyBody = "RB0401"
    /// A secret where it would become text or argument.
    case secretMisused = "RB0402"
    /// A script assigns a name of the page.
    case assignedName = "RB0403"
    /// A placeholder such as `<host>` that nobody filled in.
    case placeholder = "RB0404"
    /// A language no step has.
    case unknownLanguage = "RB0405"
    /// A language that a later version has.
    case reservedLanguage = "RB0406"
    /// A fence in a language of steps that is documentation, because it has no id.
    case documentationFence = "RB0407"
    /// A task item that is checked already.
    case checkedTask = "RB0408"

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

    /// A filter whose brackets or strings do not balance, or with a comment.
    case malformedFilter = "RB0501"
    /// A filter that reaches out of its sandbox.
    case forbiddenFilterWord = "RB0502"
    /// A filter that jq refuses.
    case invalidFilter = "RB0503"

    // RB06xx: environments and targets

    /// A target type that no adapter brings.
    case unknownTargetType = "RB0601"
    /// A target type that a later version has.
    case reservedTargetType = "RB0602"
    /// A target that the environment does not have.
    case unknownTarget = "RB0603"
    /// Several targets that a step could act on.
    case ambiguousTarget = "RB0604"
    /// A target that the step cannot act on, or whose settings do not fit together.
    case unfitTarget = "RB0605"
    /// A secret written out where a reference is wanted.
    case secretInPlainText = "RB0606"

    // RB07xx: parameters and the plan

    /// An environment that the runbook does not allow.
    case environmentNotAllowed = "RB0701"
    /// A parameter that the runbook does not have.
    case unknownParameter = "RB0702"
    /// A parameter or output that a run has to be given.
    case missingParameter = "RB0703"
    /// A parameter's value that does not fit its type.
    case invalidParameter = "RB0704"
    /// No longer used: a selected step that cannot be selected. It is no place in a page that is wrong then.
    case invalidSelection = "RB0705"
  }
}
