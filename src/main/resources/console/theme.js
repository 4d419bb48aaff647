// Runs before the page is drawn, so that it is never seen in the wrong colors.
(function () {
  "use strict";
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  function chosen() {
    try {
      return localStorage.getItem("sallyport-theme");
    } catch (e) {
      return null;
    }
  }
  function apply() {
    var theme = chosen() || (dark.matches ? "dark" : "light");
    document.documentElement.setAttribute("data-bs-theme", theme);
  }
  window.sallyportTheme = {
    toggle: function () {
      var next = document.documentElement.getAttribute("data-bs-theme") === "dark" ? "light" : "dark";
      try {
        localStorage.setItem("sallyport-theme", next);
      } catch (e) {
        // Then it holds for this page only.
      }
      document.documentElement.setAttribute("data-bs-theme", next);
    }
  };
  dark.addEventListener("change", apply);
  apply();
})();
