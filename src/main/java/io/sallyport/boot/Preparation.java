package io.sallyport.boot;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * What must stand before Quarkus reads its configuration: the options as properties, the data folder's lock, the master
 * key, the database. All faults are told in one report.
 */
final class Preparation {
  private static final String PREFIX = "sallyport.";
  private static final List<String> OPTIONS = List.of(
      "data",
      "https-port",
      "http-port",
      "people-port",
      "management-port",
      "management-listen",
      "listen",
      "host-names",
      "db-url",
      "db-user",
      "master-key-file",
      "root");
  private static final Map<String, Integer> PORTS =
      Map.of("https-port", 8443, "http-port", 8080, "people-port", 9443, "management-port", 9000);
  private static final int MASTER_KEY_OCTETS = 32;

  /** Below what Linux takes for the own ends of connections (net.ipv4.ip_local_port_range). */
  private static final int FREE_FROM = 20_000;

  private static final int FREE_TO = 32_768;
  private static final int FREE_TRIES = 20;

  private final Map<String, String> options;

  private Preparation(Map<String, String> options) {
    this.options = options;
  }

  static Preparation of(String... arguments) {
    Map<String, String> options = new TreeMap<>();
    List<String> rest = new ArrayList<>(List.of(arguments));
    if (!rest.isEmpty() && rest.getFirst().equals("serve")) {
      rest.removeFirst();
    }
    while (!rest.isEmpty()) {
      String argument = rest.removeFirst();
      int equals = argument.indexOf('=');
      String name = argument.startsWith("--")
          ? argument.substring(2, equals < 0 ? argument.length() : equals)
          : "";
      if (!OPTIONS.contains(name)) {
        throw new StartRefused("serve does not know " + argument + ". Its options are --"
            + String.join(", --", OPTIONS) + ".");
      }
      if (equals < 0 && rest.isEmpty()) {
        throw new StartRefused(argument + " needs a value.");
      }
      options.put(name, equals < 0 ? rest.removeFirst() : argument.substring(equals + 1));
    }
    return new Preparation(options);
  }

  /** Answers the database that this server runs for itself, on its way up, or null when it was given one. */
  @Nullable
  OwnDatabase run() {
    options.forEach((name, value) -> System.setProperty(PREFIX + name, value));
    DataFolder folder = new DataFolder(Path.of(setting("data", "data")));
    folder.lock();
    List<String> faults = new ArrayList<>(SettingsCheck.faults(Preparation::given));
    String url = setting("db-url", "");
    if (!url.isEmpty()) {
      faults.addAll(missingSecrets());
    }
    faults.addAll(ports());
    if (!faults.isEmpty()) {
      throw new StartRefused(String.join("\n", faults));
    }
    System.setProperty(
        "quarkus.log.console.json.enabled",
        Boolean.toString(setting("log.format", "text").equalsIgnoreCase("json")));
    if (!url.isEmpty()) {
      return null;
    }
    SecureRandom random = new SecureRandom();
    if (setting("master-key", "").isEmpty() && setting("master-key-file", "").isEmpty()) {
      masterKey(folder, random);
    }
    OwnDatabase database = OwnDatabase.start(folder, random);
    System.setProperty("quarkus.datasource.jdbc.url", database.url());
    System.setProperty("quarkus.datasource.username", database.user());
    System.setProperty("quarkus.datasource.password", database.password());
    return database;
  }

  /** With a database URL nothing secret is made up. */
  private static List<String> missingSecrets() {
    List<String> missing = new ArrayList<>();
    if (setting("master-key", "").isEmpty() && setting("master-key-file", "").isEmpty()) {
      missing.add("SALLYPORT_MASTER_KEY or SALLYPORT_MASTER_KEY_FILE (32 random octets in base64)");
    }
    if (setting("admin-token", "").isEmpty()) {
      missing.add(
          "SALLYPORT_ADMIN_TOKEN (bearer token of the first administrator, 32 characters or more)");
    }
    return missing.isEmpty()
        ? List.of()
        : List.of("With a database URL set these too:\n  " + String.join("\n  ", missing));
  }

  private static void masterKey(DataFolder folder, SecureRandom random) {
    if (folder.read("master.key").isEmpty()) {
      if (Files.exists(folder.path("postgres").resolve("PG_VERSION"))) {
        throw new StartRefused("The master key " + folder.path("master.key")
            + " is gone, and without it nothing that the database keeps secret can be opened."
            + " Put it back from its copy; a new one would open nothing.");
      }
      byte[] key = new byte[MASTER_KEY_OCTETS];
      random.nextBytes(key);
      folder.writeSecret("master.key", Base64.getEncoder().encodeToString(key));
    }
    System.setProperty(PREFIX + "master-key-file", folder.path("master.key").toString());
  }

  /** Port 0 is resolved here, so that every address that goes into a certificate or a file is known. */
  private static List<String> ports() {
    List<String> faults = new ArrayList<>();
    List<ServerSocket> held = new ArrayList<>();
    List<String> taken = new ArrayList<>();
    PORTS.forEach((name, standard) -> {
      String text = setting(name, standard.toString());
      int port;
      try {
        port = Integer.parseInt(text);
      } catch (NumberFormatException e) {
        faults.add("--" + name + " must be a port number, not " + text + ".");
        return;
      }
      if (port < 0 || port > 65_535) {
        faults.add("--" + name + " must lie between 0 and 65535.");
        return;
      }
      try {
        // A port that is given is tried too: found out later it would be a stack trace, and a
        // started database.
        String address = name.equals("management-port")
            ? setting("management-listen", "127.0.0.1")
            : setting("listen", "0.0.0.0");
        ServerSocket socket = listening(port, InetAddress.getByName(address));
        held.add(socket);
        port = socket.getLocalPort();
      } catch (IOException e) {
        taken.add(port + " for --" + name + " (" + e.getMessage() + ")");
      }
      System.setProperty(PREFIX + name, Integer.toString(port));
    });
    for (ServerSocket socket : held) {
      try {
        socket.close();
      } catch (IOException e) {
        throw new StartRefused("A port cannot be freed: " + e.getMessage());
      }
    }
    if (!taken.isEmpty()) {
      faults.add("Cannot listen on " + String.join(", ", taken) + "; choose another port.");
    }
    return faults;
  }

  /** A free port is one that no connection is given for its own end before the server listens there. */
  private static ServerSocket listening(int port, InetAddress address) throws IOException {
    for (int tries = port == 0 ? FREE_TRIES : 0; tries > 0; tries--) {
      try {
        return new ServerSocket(
            ThreadLocalRandom.current().nextInt(FREE_FROM, FREE_TO), 1, address);
      } catch (BindException _) {
        // The next one.
      }
    }
    return new ServerSocket(port, 1, address);
  }

  private static String setting(String name, String otherwise) {
    String given = given(name);
    return given == null ? otherwise : given;
  }

  private static @Nullable String given(String name) {
    String property = System.getProperty(PREFIX + name);
    return property == null ? System.getenv(SettingsCheck.variable(name)) : property;
  }
}
