package io.sallyport.admin.console;

/** The style of the pages that are shown before anybody is known. */
final class SignInStyle {
  static final String CSS = """
      :root { color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.5; }
      body { margin: 0; min-height: 100vh; display: grid; place-items: center; }
      main { width: min(22rem, calc(100vw - 2rem)); }
      h1 { font-size: 1.25rem; }
      label { display: block; margin-top: 1rem; }
      input { box-sizing: border-box; width: 100%; padding: .5rem; font: inherit; }
      button, .button { display: inline-block; margin-top: 1.25rem; padding: .5rem 1rem; font: inherit; }
      .complaint { border-left: .25rem solid #c92a2a; padding-left: .75rem; }
      """;

  private SignInStyle() {}
}
