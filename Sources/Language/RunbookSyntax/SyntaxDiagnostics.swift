import RunbookDiagnostics

extension Diagnostic {
  static func duplicateAttribute(_ name: SourceName) -> Self {
    Diagnostic(
      .duplicateAttribute, .error, "the attribute '\(name.text)' is here for the second time", at: name.range,
      notes: ["keep one of them"])
  }

  static func tooManyAttributes(limit: Int, at range: SourceRange) -> Self {
    Diagnostic(.malformedAttributes, .error, "more than \(limit) attributes", at: range)
  }

  static func invalidUTF8(byte: UInt8, at range: SourceRange) -> Self {
    Diagnostic(
      .invalidUTF8, .error, "the byte 0x\(String(byte, radix: 16, uppercase: true)) is no valid UTF-8",
      at: range,
      notes: ["save the file as UTF-8"])
  }

  static func utf16() -> Self {
    Diagnostic(
      .invalidUTF8, .error, "the file is UTF-16, UTF-8 is expected", at: .startOfFile,
      notes: ["save the file as UTF-8"])
  }

  static func fileTooLarge(limit: Int) -> Self {
    Diagnostic(
      .fileTooLarge, .error, "the file is larger than \(limit / 1_048_576) MiB, too large for a runbook",
      at: .startOfFile)
  }

  static func nulByte(at range: SourceRange) -> Self {
    Diagnostic(
      .nulByte, .error, "a NUL byte", at: range, notes: ["Markdown and shells end or replace text there"])
  }

  static func oneLongLine(at range: SourceRange) -> Self {
    Diagnostic(
      .oneLongLine, .error, "the whole file is one line, with fences inside of it", at: range,
      notes: ["its line ends were lost: fences, headings and front matter each need lines of their own"])
  }

  static func unclosedFrontMatter(at range: SourceRange) -> Self {
    Diagnostic(
      .unclosedFrontMatter, .error, "the front matter is never closed", at: range,
      notes: ["it ends with a line '---'"])
  }

  static func misplacedFrontMatter(at range: SourceRange) -> Self {
    Diagnostic(
      .misplacedFrontMatter, .error, "front matter has to begin in the first line", at: range,
      notes: ["here it is text: the page is no runbook"])
  }

  static func invisibleCharacter(_ name: String, count: Int, in place: String, at range: SourceRange) -> Self
  {
    Diagnostic(
      .invisibleCharacter, .error,
      "invisible character \(name)\(count > 1 ? " and \(count - 1) more" : "") in \(place)", at: range,
      notes: ["what is run and confirmed has to be what is seen: delete it, or write it as an escape"])
  }

  static func unclosedFence(_ fence: String, at range: SourceRange, outsideLine: Int?) -> Self {
    var notes = ["close it with a line '\(fence)'"]
    if let line = outsideLine {
      notes.append("the fence on line \(line) stands outside of the list or quote: it opens another one")
    }
    return Diagnostic(.unclosedFence, .error, "the fence is never closed", at: range, notes: notes)
  }

  static func swallowedFence(openedOn line: Int, at range: SourceRange) -> Self {
    Diagnostic(
      .swallowedFence, .error, "a step begins inside the fence of line \(line)", at: range,
      notes: ["close that one before; a longer fence, ````, can hold others as text"])
  }

  static func hiddenFence(_ why: String, at range: SourceRange, fix: String) -> Self {
    Diagnostic(.hiddenFence, .error, "this is no step: \(why)", at: range, notes: [fix])
  }

  static func backtickInFenceLine(at range: SourceRange) -> Self {
    Diagnostic(
      .backtickInFenceLine, .error, "a backtick in a fence line", at: range,
      notes: ["Markdown takes no such line for a fence; write the attribute as an option line of the body"])
  }

  static func textAroundAttributes(_ text: String, at range: SourceRange) -> Self {
    Diagnostic(
      .malformedAttributes, .error, "'\(text)' beside the attribute list would be ignored", at: range,
      notes: ["a fence line is the language, a blank and one attribute list"])
  }

  static func missingBlank(at range: SourceRange) -> Self {
    Diagnostic(
      .malformedAttributes, .error, "a blank is missing between the language and '{'", at: range,
      notes: ["editors take the first word for the language"])
  }

  static func strayAttributeComment(at range: SourceRange) -> Self {
    Diagnostic(
      .strayAttributeComment, .error, "this comment looks like attributes, but belongs to nothing", at: range,
      notes: ["attributes stand at the end of a task item or of a heading, on the same line"])
  }

  static func attributeCommentOverLines(at range: SourceRange) -> Self {
    Diagnostic(.malformedAttributes, .error, "attributes in a comment have to stand on one line", at: range)
  }

  static func brokenAttributeComment(at range: SourceRange) -> Self {
    Diagnostic(
      .malformedAttributes, .error, "these attributes are text for Markdown, no comment", at: range,
      notes: ["a comment ends with '-->' on the same line, and holds no other '--'"])
  }

  static func misplacedOptionLine(at range: SourceRange) -> Self {
    Diagnostic(
      .misplacedOptionLine, .error, "an option line inside of the body", at: range,
      notes: ["option lines are the first lines of a fence; here it would be ignored"])
  }

  static func foreignOptionLine(found: String, expected: String, at range: SourceRange) -> Self {
    Diagnostic(
      .misplacedOptionLine, .error, "option lines of this language begin with '\(expected)', not '\(found)'",
      at: range)
  }

  static func malformedOptionLines(at range: SourceRange) -> Self {
    Diagnostic(.malformedOptionLines, .error, "option lines are 'name: value'", at: range)
  }

  static func hiddenTask(at range: SourceRange) -> Self {
    Diagnostic(
      .hiddenTask, .error, "this is no task item in GitHub's Markdown", at: range,
      notes: ["a task item is '- [ ] text', outside of quotes and not on the line of another list mark"])
  }
}
