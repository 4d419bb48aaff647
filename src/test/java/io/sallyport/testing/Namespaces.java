package io.sallyport.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Devices, a firewall and a server in network namespaces of their own: {@code 10.77.1.2} and {@code 10.77.1.3} on one side,
 * {@code 10.77.2.2} with echo servers on the other, the firewall {@code .1} on both. Nothing of it touches the machine's
 * own network.
 */
public final class Namespaces implements AutoCloseable {
  public static final String DEVICE = "10.77.1.2";
  public static final String NEIGHBOR = "10.77.1.3";
  public static final String SERVER = "10.77.2.2";

  private final Path folder;
  private final String devices;
  private final String firewall;
  private final String servers;
  private final List<Process> processes = new ArrayList<>();
  private Process driver;
  private BufferedReader answers;

  public Namespaces(Path folder, int... ports) {
    this.folder = folder;
    String id = Long.toString(ProcessHandle.current().pid());
    this.devices = "spd" + id;
    this.firewall = "spf" + id;
    this.servers = "sps" + id;
    for (String name : List.of(devices, firewall, servers)) {
      run("ip", "netns", "add", name);
      in(name, "ip", "link", "set", "lo", "up");
    }
    link(devices, "dev0", firewall, "fwd0");
    link(servers, "srv0", firewall, "fws0");
    address(devices, "dev0", DEVICE);
    address(devices, "dev0", NEIGHBOR);
    address(firewall, "fwd0", "10.77.1.1");
    address(servers, "srv0", SERVER);
    address(firewall, "fws0", "10.77.2.1");
    in(devices, "ip", "route", "add", "default", "via", "10.77.1.1");
    in(servers, "ip", "route", "add", "default", "via", "10.77.2.1");
    in(firewall, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
    List<String> serve = new ArrayList<>(List.of("serve"));
    for (int port : ports) {
      serve.add(Integer.toString(port));
    }
    peer(servers, serve.toArray(String[]::new));
    driver = peer(devices, "drive");
    answers = lines(driver);
    say("");
  }

  public String firewall() {
    return firewall;
  }

  /** What a program says that is run on the firewall. */
  public String onFirewall(String... command) {
    return in(firewall, command);
  }

  /** Whether a new connection from {@code source} gets through and back. */
  public boolean passes(String source, int port) {
    return say("try " + source + " " + SERVER + " " + port).equals("yes");
  }

  /** Opens a connection that goes on; one at a time. */
  public boolean opens(String source, int port) {
    return say("open " + source + " " + SERVER + " " + port).equals("yes");
  }

  /** How many milliseconds ago the open connection last heard an echo. */
  public long silentMillis() {
    return Long.parseLong(say("echoed"));
  }

  private String say(String command) {
    try {
      if (!command.isEmpty()) {
        driver.getOutputStream().write((command + "\n").getBytes(StandardCharsets.UTF_8));
        driver.getOutputStream().flush();
      }
      return String.valueOf(answers.readLine());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A JVM in a namespace; ended with the rest. */
  private Process peer(String namespace, String... arguments) {
    List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", namespace));
    command.addAll(java(TcpPeer.class.getName()));
    command.addAll(List.of(arguments));
    try {
      Process process = new ProcessBuilder(command)
          .redirectError(ProcessBuilder.Redirect.INHERIT)
          .start();
      processes.add(process);
      return process;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The command that runs a class of this build in a small JVM of its own. */
  public static List<String> java(String main) {
    String path =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-Xmx96m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "--enable-native-access=ALL-UNNAMED",
        "-cp",
        path,
        main);
  }

  private static BufferedReader lines(Process process) {
    return new BufferedReader(
        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  private void link(String one, String itsName, String other, String otherName) {
    run(
        "ip", "link", "add", itsName, "netns", one, "type", "veth", "peer", "name", otherName,
        "netns", other);
    in(one, "ip", "link", "set", itsName, "up");
    in(other, "ip", "link", "set", otherName, "up");
  }

  private void address(String namespace, String link, String address) {
    in(namespace, "ip", "address", "add", address + "/24", "dev", link);
  }

  private String in(String namespace, String... command) {
    List<String> all = new ArrayList<>(List.of("ip", "netns", "exec", namespace));
    all.addAll(List.of(command));
    return run(all.toArray(String[]::new));
  }

  private String run(String... command) {
    return Peers.run(folder, command).orFail();
  }

  @Override
  public void close() {
    processes.forEach(process -> process.destroyForcibly().onExit().join());
    for (String name : List.of(devices, firewall, servers)) {
      Peers.run(folder, "ip", "netns", "del", name);
    }
  }
}
