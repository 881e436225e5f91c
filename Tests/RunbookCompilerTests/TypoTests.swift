import RunbookDiagnostics
import Testing

@Suite struct TypoTests {
  @Test func `one check names everything that is wrong with a page`() {
    let page = CompiledPage(
      """
      ---
      runbook: 1
      title: Everything wrong
      parameters:
        service: {type: string, default: db}
      ---
      # Everything wrong

      1. Größer als »zuvor«: a typo in an attribute

         ```bash {#first timout=5s}
         echo "${servise}"
         ```

      2. > In a quote, a typo in a language

         > ```bsah {#second}
         > true
         > ```

      \t```sql {#third on=db needs="frist forth"}
      \tSELECT ${version}
      \t```

      ```bash {#fourth needs=fifth}
      curl http://<backend-host>/ready
      ```

      ```bash {#fifth}
      #| expect: '.exit == '
      #| outputs: [version]
      true
      ```

      ```bash {#never-closed}
      true
      """, compilesFilters: true)
    #expect(page.output == "")
  }

  @Test func `positions are the same with CRLF`() {
    let text = """
      ---
      runbook: 1
      ---
      - Größe:

        ```bash {#a timout=5s}
        echo é "${nobody}"
        ```
      """
    let unix = CompiledPage(text)
    let windows = CompiledPage(text.replacing("\n", with: "\r\n"))
    #expect(unix.lines == windows.lines)
    #expect(
      unix.lines == [
        "6:15 error RB0307: no attribute is named 'timout' (did you mean 'timeout'?)",
        "7:12 error RB0209: 'nobody' is no parameter, output or answer of this page",
      ])
  }
}
