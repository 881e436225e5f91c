import CMarkGFM
import Glibc

/// A page parsed by libcmark-gfm.
///
/// Of its positions only these are used, because they are right in every container and with every line end: the
/// first line and column of blocks, and the last line of paragraphs. Columns count bytes.
struct MarkdownTree: ~Copyable {
  private let document: OpaquePointer

  /// Only the extensions `table` and `tasklist` are attached: the others of this library change state that all
  /// parsers of the process share.
  init(parsing bytes: UnsafeBufferPointer<UInt8>) {
    Self.registerExtensions
    guard let parser = cmark_parser_new(CMARK_OPT_DEFAULT) else {
      preconditionFailure("no memory for Markdown")
    }
    defer { cmark_parser_free(parser) }
    for name in ["table", "tasklist"] {
      guard let found = cmark_find_syntax_extension(name) else {
        preconditionFailure("libcmark-gfm comes without its extension '\(name)'")
      }
      cmark_parser_attach_syntax_extension(parser, found)
    }
    bytes.withMemoryRebound(to: CChar.self) { cmark_parser_feed(parser, $0.baseAddress, $0.count) }
    guard let document = cmark_parser_finish(parser) else { preconditionFailure("no memory for Markdown") }
    self.document = document
  }

  deinit { cmark_node_free(document) }

  /// Calls `body` with the page. Nodes live only that long.
  borrowing func withRoot<Result>(_ body: (MarkdownNode) -> Result) -> Result {
    body(MarkdownNode(pointer: document))
  }

  /// Fills the library's table of extensions, once: that is not safe from two threads.
  private static let registerExtensions: Void = cmark_gfm_core_extensions_ensure_registered()
}

/// A node of a `MarkdownTree`, as long as that is alive.
struct MarkdownNode: Equatable {
  /// What matters of the kinds of nodes.
  enum Kind {
    case quote, list, item, paragraph, heading, fence, indentedCode, html
    case text, code, softBreak, lineBreak, inlineHTML
    case other
  }

  fileprivate let pointer: OpaquePointer

  var kind: Kind {
    switch cmark_node_get_type(pointer) {
    case CMARK_NODE_TEXT: .text
    case CMARK_NODE_SOFTBREAK: .softBreak
    case CMARK_NODE_PARAGRAPH: .paragraph
    case CMARK_NODE_CODE: .code
    case CMARK_NODE_CODE_BLOCK: isFenced ? .fence : .indentedCode
    case CMARK_NODE_HEADING: .heading
    case CMARK_NODE_ITEM: .item
    case CMARK_NODE_LIST: .list
    case CMARK_NODE_BLOCK_QUOTE: .quote
    case CMARK_NODE_HTML_BLOCK: .html
    case CMARK_NODE_HTML_INLINE: .inlineHTML
    case CMARK_NODE_LINEBREAK: .lineBreak
    default: .other
    }
  }

  private var isFenced: Bool {
    var length: Int32 = 0
    var offset: Int32 = 0
    var mark: CChar = 0
    return cmark_node_get_fenced(pointer, &length, &offset, &mark) != 0
  }

  var firstChild: MarkdownNode? { cmark_node_first_child(pointer).map(MarkdownNode.init) }
  var next: MarkdownNode? { cmark_node_next(pointer).map(MarkdownNode.init) }
  var parent: MarkdownNode? { cmark_node_parent(pointer).map(MarkdownNode.init) }

  /// The node that begins next after this one and all in it.
  var following: MarkdownNode? {
    var node = self
    while true {
      if let next = node.next { return next }
      guard let parent = node.parent else { return nil }
      node = parent
    }
  }

  /// From 1; 0 where the library has lost it.
  var startLine: Int { Int(cmark_node_get_start_line(pointer)) }
  /// In bytes, from 1; 0 where the library has lost it.
  var startColumn: Int { Int(cmark_node_get_start_column(pointer)) }
  /// From 1; right for paragraphs only.
  var endLine: Int { Int(cmark_node_get_end_line(pointer)) }

  /// 1 to 6.
  var headingLevel: Int { Int(cmark_node_get_heading_level(pointer)) }
  /// Number of the first item of a numbered list; `nil` for bullets.
  var listStart: Int? {
    cmark_node_get_list_type(pointer) == CMARK_ORDERED_LIST ? Int(cmark_node_get_list_start(pointer)) : nil
  }
  /// Whether an item has a checkbox: `tasklist` is the only extension that makes items.
  var isTask: Bool { cmark_node_get_syntax_extension(pointer) != nil }

  /// The text of a leaf as the library rewrote it, valid as long as the tree.
  var literal: UnsafeBufferPointer<UInt8> {
    guard let text = cmark_node_get_literal(pointer) else { return UnsafeBufferPointer(start: nil, count: 0) }
    let count = strlen(text)
    return UnsafeBufferPointer(
      start: UnsafeRawPointer(text).assumingMemoryBound(to: UInt8.self), count: count)
  }
}
