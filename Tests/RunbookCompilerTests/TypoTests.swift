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

      ```bash {#fourth needs=sixth}
      curl http://<backend-host>/ready "${service}"
      ```

      ```bash {#fifth needs=third}
      #| expect: '.exit == '
      #| outputs: [version]
      true
      ```

      ```wait {#sixth needs=fourth}
      5s
      ```

      ```bash {#never-closed}
      true
      """, compilesFilters: true)
    #expect(
      page.output == """
        page.md:11:20: error: no attribute is named 'timout' [RB0307]
         11 |    ```bash {#first timout=5s}
            |                    ^^^^^^
            = note: did you mean 'timeout'?
        page.md:12:10: error: 'servise' is no parameter, output or answer of this page [RB0209]
         12 |    echo "${servise}"
            |          ^^^^^^^^^^
            = note: did you mean '${service}'?
        page.md:17:9: error: no step has the language 'bsah' [RB0405]
         17 |    > ```bsah {#second}
            |         ^^^^
            = note: did you mean 'bash'?
        page.md:21:30: error: no step is named 'frist' [RB0203]
         21 |     ```sql {#third on=db needs="frist forth"}
            |                                 ^^^^^
            = note: did you mean 'first'?
        page.md:21:36: error: no step is named 'forth' [RB0203]
         21 |     ```sql {#third on=db needs="frist forth"}
            |                                       ^^^^^
            = note: did you mean 'fourth'?
        page.md:22:9: error: '${version}' comes from 'fifth' on line 29, which runs later [RB0210]
         22 |     SELECT ${version}
            |            ^^^^^^^^^^
        page.md:25:24: error: these steps wait for each other: 'fourth' needs 'sixth' needs 'fourth' [RB0204]
         25 | ```bash {#fourth needs=sixth}
            |                        ^^^^^
        page.md:26:13: error: '<backend-host>' is a placeholder that nobody filled in [RB0404]
         26 | curl http://<backend-host>/ready "${service}"
            |             ^^^^^^^^^^^^^^
            = note: make it a parameter and write '${backend_host}'
            = note: a shell reads this as a redirection; if one is meant, put a blank behind '<'
        page.md:30:20: error: jq refuses this filter: syntax error, it ends too early [RB0503]
         30 | #| expect: '.exit == '
            |                    ^
        page.md:39:1: error: the fence is never closed [RB0104]
         39 | ```bash {#never-closed}
            | ^^^^^^^^^^^^^^^^^^^^^^^
            = note: close it with a line '```'
        """)
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
