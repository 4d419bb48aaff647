package io.sallyport.events;

import io.sallyport.audit.LogEntry;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * A fact as a syslog message (RFC 5424) with a CEF payload, in one octet-counted frame (RFC 5425 §4.3, RFC 6587 §3.4.1).
 * Pure.
 */
final class SyslogMessage {
  /** log audit (13), RFC 5424 §6.2.1. */
  private static final int FACILITY = 13;

  private static final int NOTICE = 5;
  private static final int WARNING = 4;
  /** CEF's scale: 0 to 10. */
  private static final int LOW = 3;

  private static final int HIGH = 7;

  private SyslogMessage() {}

  static byte[] frame(LogEntry entry, String host, String version) {
    byte[] message = text(entry, host, version).getBytes(StandardCharsets.UTF_8);
    byte[] length = (message.length + " ").getBytes(StandardCharsets.US_ASCII);
    byte[] frame = new byte[length.length + message.length];
    System.arraycopy(length, 0, frame, 0, length.length);
    System.arraycopy(message, 0, frame, length.length, message.length);
    return frame;
  }

  static String text(LogEntry entry, String host, String version) {
    boolean grave = grave(entry.kind());
    StringBuilder text = new StringBuilder()
        .append('<')
        .append(FACILITY * 8 + (grave ? WARNING : NOTICE))
        .append(">1 ")
        .append(entry.at())
        .append(' ')
        .append(host)
        .append(" sallyport - ")
        .append(name(entry.kind()))
        .append(" - CEF:0|Sallyport|Sallyport|")
        .append(header(version))
        .append('|')
        .append(header(entry.kind()))
        .append('|')
        .append(header(entry.kind().replace('.', ' ').replace('-', ' ')))
        .append('|')
        .append(grave ? HIGH : LOW)
        .append('|');
    extension(text, "rt", Long.toString(entry.at().toEpochMilli()));
    extension(text, "externalId", entry.id().toString());
    extension(text, "suser", entry.actor());
    extension(text, "cn1Label", "position");
    extension(text, "cn1", Long.toString(entry.position()));
    extension(text, "cs1Label", entry.subjectType());
    extension(text, "cs1", entry.subject());
    String reason = entry.detail().getOrDefault("reason", entry.detail().get("problem"));
    if (reason != null) {
      extension(text, "reason", reason);
    }
    extension(text, "msg", detail(entry.detail()));
    return text.toString().stripTrailing();
  }

  private static boolean grave(String kind) {
    return kind.contains("refused")
        || kind.contains("unconfirmed")
        || kind.startsWith("security.")
        || kind.startsWith("signal.received");
  }

  private static String detail(Map<String, String> detail) {
    StringBuilder text = new StringBuilder();
    detail.forEach((name, value) -> text.append(name).append(": ").append(value).append("; "));
    return text.toString().strip();
  }

  private static void extension(StringBuilder text, String key, String value) {
    if (!value.isEmpty()) {
      text.append(key).append('=').append(escaped(value)).append(' ');
    }
  }

  /** MSGID is 1 to 32 printable ASCII characters. */
  private static String name(String kind) {
    String clean = kind.replaceAll("[^\\x21-\\x7e]", "?");
    return clean.length() <= 32 ? clean : clean.substring(0, 32);
  }

  private static String header(String value) {
    return line(value).replace("\\", "\\\\").replace("|", "\\|");
  }

  private static String escaped(String value) {
    return value
        .replace("\\", "\\\\")
        .replace("=", "\\=")
        .replace("\r", "\\r")
        .replace("\n", "\\n")
        .replaceAll("\\p{Cntrl}", "?");
  }

  private static String line(String value) {
    return value.replaceAll("\\p{Cntrl}", "?");
  }
}
