package io.sallyport.door.radius;

import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Disconnect messages (RFC 5176) as octets. MD5 is what the protocol has; a shared secret that is long and random, and a
 * network that only operators reach, are what protects it.
 */
final class DynamicAuthorization {
  static final int DISCONNECT_REQUEST = 40;
  static final int DISCONNECT_ACK = 41;
  static final int DISCONNECT_NAK = 42;

  private static final int HEADER = 20;
  private static final int AUTHENTICATOR = 16;
  private static final int AUTHENTICATOR_AT = 4;
  private static final int MOST = 4096;
  private static final int LONGEST_VALUE = 253;

  private static final int USER_NAME = 1;
  private static final int NAS_IP_ADDRESS = 4;
  private static final int CALLING_STATION_ID = 31;
  private static final int NAS_IDENTIFIER = 32;
  private static final int ACCT_SESSION_ID = 44;
  private static final int EVENT_TIMESTAMP = 55;
  private static final int MESSAGE_AUTHENTICATOR = 80;
  private static final int NAS_IPV6_ADDRESS = 95;
  private static final int ERROR_CAUSE = 101;

  private DynamicAuthorization() {}

  /** An answer whose authenticators are right; {@code errorCause} null when it names none. */
  record Response(int code, @Nullable Integer errorCause) {}

  /**
   * What identifies the session (RFC 5176 §3): the NAS, Acct-Session-Id, Calling-Station-Id or, without one, User-Name.
   * Event-Timestamp lets the NAS refuse a replay.
   *
   * @param nas an address, or null when only the identifier is known
   */
  record Target(
      @Nullable InetAddress nas,
      @Nullable String nasIdentifier,
      @Nullable String acctSessionId,
      @Nullable String callingStationId,
      @Nullable String userName) {}

  static byte[] disconnect(int identifier, Target target, Instant now, byte[] secret) {
    ByteArrayOutputStream attributes = new ByteArrayOutputStream();
    InetAddress nas = target.nas();
    if (nas != null) {
      byte[] address = nas.getAddress();
      put(attributes, address.length == 4 ? NAS_IP_ADDRESS : NAS_IPV6_ADDRESS, address);
    }
    put(attributes, NAS_IDENTIFIER, target.nasIdentifier());
    put(attributes, ACCT_SESSION_ID, target.acctSessionId());
    put(attributes, CALLING_STATION_ID, target.callingStationId());
    if (target.callingStationId() == null) {
      put(attributes, USER_NAME, target.userName());
    }
    put(
        attributes,
        EVENT_TIMESTAMP,
        ByteBuffer.allocate(4).putInt((int) now.getEpochSecond()).array());
    put(attributes, MESSAGE_AUTHENTICATOR, new byte[AUTHENTICATOR]);
    byte[] packet = ByteBuffer.allocate(HEADER + attributes.size())
        .put((byte) DISCONNECT_REQUEST)
        .put((byte) identifier)
        .putShort((short) (HEADER + attributes.size()))
        .put(new byte[AUTHENTICATOR])
        .put(attributes.toByteArray())
        .array();
    // Over the packet with both authenticators zero (RFC 5176 §2.3, RFC 3579 §3.2); it stands last.
    byte[] mac = hmac(packet, secret);
    System.arraycopy(mac, 0, packet, packet.length - AUTHENTICATOR, AUTHENTICATOR);
    System.arraycopy(md5(packet, secret), 0, packet, AUTHENTICATOR_AT, AUTHENTICATOR);
    return packet;
  }

  private static void put(ByteArrayOutputStream attributes, int type, @Nullable String text) {
    if (text != null) {
      put(attributes, type, text.getBytes(StandardCharsets.US_ASCII));
    }
  }

  private static void put(ByteArrayOutputStream attributes, int type, byte[] value) {
    if (value.length == 0 || value.length > LONGEST_VALUE) {
      throw new IllegalArgumentException("attribute " + type + " has " + value.length + " octets");
    }
    attributes.write(type);
    attributes.write(value.length + 2);
    attributes.writeBytes(value);
  }

  /** The answer to {@code request}, or empty when {@code packet} is none, cut, or not by who knows the secret. */
  static Optional<Response> response(byte[] packet, byte[] request, byte[] secret) {
    if (packet.length < HEADER || packet.length > MOST) {
      return Optional.empty();
    }
    int length = Short.toUnsignedInt(ByteBuffer.wrap(packet).getShort(2));
    // Octets behind the length are padding (RFC 2865 §3).
    if (length < HEADER || length > packet.length || packet[1] != request[1]) {
      return Optional.empty();
    }
    int code = Byte.toUnsignedInt(packet[0]);
    if (code != DISCONNECT_ACK && code != DISCONNECT_NAK) {
      return Optional.empty();
    }
    byte[] answered = Arrays.copyOf(packet, length);
    byte[] authenticator = Arrays.copyOfRange(answered, AUTHENTICATOR_AT, HEADER);
    System.arraycopy(request, AUTHENTICATOR_AT, answered, AUTHENTICATOR_AT, AUTHENTICATOR);
    if (!MessageDigest.isEqual(md5(answered, secret), authenticator)) {
      return Optional.empty();
    }
    return attributes(code, answered, secret);
  }

  private static Optional<Response> attributes(int code, byte[] answered, byte[] secret) {
    Integer cause = null;
    for (int at = HEADER; at < answered.length; ) {
      int size = at + 1 < answered.length ? Byte.toUnsignedInt(answered[at + 1]) : 0;
      if (size < 2 || at + size > answered.length) {
        return Optional.empty();
      }
      switch (Byte.toUnsignedInt(answered[at])) {
        case ERROR_CAUSE -> {
          if (size != 6) {
            return Optional.empty();
          }
          cause = ByteBuffer.wrap(answered).getInt(at + 2);
        }
        case MESSAGE_AUTHENTICATOR -> {
          if (size != AUTHENTICATOR + 2 || !isAuthentic(answered, at + 2, secret)) {
            return Optional.empty();
          }
        }
        default -> {}
      }
      at += size;
    }
    return Optional.of(new Response(code, cause));
  }

  /** With the request's authenticator in the header, where {@code answered} has it. */
  private static boolean isAuthentic(byte[] answered, int at, byte[] secret) {
    byte[] without = answered.clone();
    Arrays.fill(without, at, at + AUTHENTICATOR, (byte) 0);
    return MessageDigest.isEqual(
        hmac(without, secret), Arrays.copyOfRange(answered, at, at + AUTHENTICATOR));
  }

  private static byte[] md5(byte[] packet, byte[] secret) {
    try {
      MessageDigest md5 = MessageDigest.getInstance("MD5");
      md5.update(packet);
      return md5.digest(secret);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JVM has no MD5", e);
    }
  }

  private static byte[] hmac(byte[] packet, byte[] secret) {
    try {
      Mac hmac = Mac.getInstance("HmacMD5");
      hmac.init(new SecretKeySpec(secret, "HmacMD5"));
      return hmac.doFinal(packet);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JVM has no HmacMD5", e);
    }
  }
}
