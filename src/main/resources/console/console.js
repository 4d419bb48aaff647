// Menu, theme, copying, relative times, live updates, dialogs and the policy editor. Everything works without it but
// less comfortably; everything that changes something is a plain form.
(function () {
  "use strict";

  function token() {
    var meta = document.querySelector("meta[name=csrf-token]");
    return meta ? meta.content : "";
  }

  function say(text) {
    var toast = document.querySelector("[data-toast]");
    toast.textContent = text;
    toast.hidden = false;
    clearTimeout(say.timer);
    say.timer = setTimeout(function () { toast.hidden = true; }, 4000);
  }

  // The same steps as in Moment.java.
  function amount(seconds) {
    if (seconds < 5) return "";
    if (seconds < 90) return Math.round(seconds) + " s";
    var minutes = Math.round(seconds / 60);
    if (minutes < 90) return minutes + " min";
    var hours = Math.round(seconds / 3600);
    if (hours < 48) return hours + " h";
    var days = Math.round(seconds / 86400);
    if (days < 90) return days + " days";
    return days < 730 ? Math.round(days / 30.44) + " months" : Math.round(days / 365.25) + " years";
  }

  function tick() {
    document.querySelectorAll("time.sp-moment").forEach(function (time) {
      var ago = (Date.now() - Date.parse(time.dateTime)) / 1000;
      var words = amount(Math.abs(ago));
      var text = words === "" ? "now" : ago < 0 ? "in " + words : words + " ago";
      var place = time.querySelector("[data-relative]");
      if (place.textContent !== text) place.textContent = text;
    });
  }
  setInterval(tick, 5000);

  document.addEventListener("click", function (event) {
    var on = function (selector) { return event.target.closest(selector); };
    var copy = on("[data-copy]");
    if (copy) {
      navigator.clipboard.writeText(copy.dataset.copy).then(
        function () { say("Copied"); },
        function () { say("The browser does not allow copying"); });
      return;
    }
    var menu = on("[data-menu]");
    if (menu) {
      var open = document.body.classList.toggle("sp-open");
      menu.setAttribute("aria-expanded", String(open));
      return;
    }
    if (on("[data-theme-toggle]")) {
      window.sallyportTheme.toggle();
      return;
    }
    var opener = on("[data-dialog]");
    if (opener) {
      var dialog = document.getElementById(opener.dataset.dialog);
      // One dialog for all rows of a table: what it is about comes from the row.
      if (opener.dataset.action) {
        dialog.querySelector("form").action = opener.dataset.action;
        dialog.querySelector("[data-named]").textContent = opener.dataset.name;
      }
      dialog.showModal();
      return;
    }
    var closer = on("[data-close]");
    if (closer) {
      closer.closest("dialog").close();
      return;
    }
    var place = on("[data-line]");
    if (place) {
      goTo(Number(place.dataset.line), Number(place.dataset.column));
    }
  });

  // The button stays closed until what must be typed was typed.
  document.addEventListener("input", function (event) {
    var expected = event.target.dataset && event.target.dataset.expect;
    if (expected !== undefined) {
      event.target.form.querySelector("[type=submit]").disabled = event.target.value.trim() !== expected;
    }
  });

  // What a choice calls the field beside it: of ICMP a flow has a type where others have a port.
  document.addEventListener("change", function (event) {
    var named = event.target.dataset && event.target.dataset.names;
    if (!named) return;
    var field = document.getElementById(named);
    var chosen = event.target.selectedOptions[0].dataset;
    if (field.labels[0].textContent !== chosen.label) {
      field.labels[0].textContent = chosen.label;
      field.placeholder = chosen.placeholder;
      field.value = "";
    }
  });

  // One answer to one press.
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.method === "post" && !form.hasAttribute("hx-post")) {
      setTimeout(function () {
        form.querySelectorAll("[type=submit], button:not([type])").forEach(function (b) { b.disabled = true; });
      }, 0);
    }
  });
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) location.reload();
  });

  document.addEventListener("htmx:configRequest", function (event) {
    event.detail.headers["X-CSRF-Token"] = token();
  });
  document.addEventListener("htmx:afterSwap", tick);
  // A page that is being left, by signing out for instance, asks for nothing more and is not loaded again.
  var left = 0;
  window.addEventListener("beforeunload", function () { left = Date.now(); });
  function leaving() { return Date.now() - left < 10000; }
  document.addEventListener("htmx:responseError", function (event) {
    if (leaving()) return;
    if (event.detail.xhr.status === 401) location.reload();
    else say("The server refused that (" + event.detail.xhr.status + ").");
  });
  document.addEventListener("htmx:sendError", function () {
    if (!leaving()) say("The server cannot be reached.");
  });

  // Live: the server only says that something changed; the page asks for its parts again.
  var live = document.querySelector("[data-live]");
  if (live && window.EventSource) {
    var source = new EventSource(live.dataset.live);
    var lamp = document.querySelector("[data-lamp]");
    var last = Date.now();
    var waiting = null;
    var show = function (on) {
      if (lamp) {
        lamp.dataset.lamp = on ? "on" : "off";
        lamp.querySelector("span").textContent = on ? "Live" : "Reconnecting";
      }
    };
    var refresh = function () {
      waiting = null;
      last = Date.now();
      if (!leaving()) htmx.trigger(document.body, "sallyport-changed");
    };
    var changed = function () {
      if (!waiting) waiting = setTimeout(refresh, Math.max(100, 1500 - (Date.now() - last)));
    };
    // What changed while nobody listened was told to nobody.
    source.addEventListener("open", function () { show(true); changed(); });
    source.addEventListener("error", function () { show(false); });
    source.addEventListener("changed", changed);
    window.addEventListener("pagehide", function () { source.close(); });
  }

  // The policy editor: numbered lines, and the cursor at a fault.
  var editor = document.querySelector("[data-editor]");
  function number() {
    var gutter = document.querySelector("[data-gutter]");
    var lines = editor.value.split("\n").length;
    var text = "";
    for (var i = 1; i <= lines; i++) text += i + "\n";
    gutter.textContent = text;
    gutter.scrollTop = editor.scrollTop;
  }
  function goTo(line, column) {
    var lines = editor.value.split("\n");
    var at = lines.slice(0, line - 1).reduce(function (sum, l) { return sum + l.length + 1; }, 0) + column - 1;
    var end = at - (column - 1) + (lines[line - 1] || "").length;
    editor.focus();
    editor.setSelectionRange(at, Math.max(at, end));
    editor.scrollTop = Math.max(0, (line - 5) * parseFloat(getComputedStyle(editor).lineHeight));
  }
  if (editor) {
    editor.addEventListener("input", number);
    editor.addEventListener("scroll", function () {
      document.querySelector("[data-gutter]").scrollTop = editor.scrollTop;
    });
    number();
    var fault = document.querySelector("[data-line]");
    if (fault) {
      goTo(Number(fault.dataset.line), Number(fault.dataset.column));
      var excerpt = document.querySelector(".sp-fault");
      var longest = Math.max.apply(null, excerpt.textContent.split("\n").map(function (l) { return l.length; }));
      excerpt.scrollLeft = excerpt.scrollWidth * (fault.dataset.column / (longest + 4)) - excerpt.clientWidth / 2;
    }
  }

  var done = document.querySelector("[data-done]");
  if (done) {
    say(done.dataset.done);
    history.replaceState(null, "", location.pathname);
  }
})();
