package io.sallyport.devices;

import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Page;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Which IDevID admitted which device, on whose word; and the end of that word. */
public interface Admissions {
  /**
   * An admitted device.
   *
   * @param idevid thumbprint of its certificate
   * @param how what it showed, for instance {@code idevid}
   */
  record Admission(
      UUID device,
      String serialNumber,
      String model,
      String site,
      DeviceState state,
      Digest idevid,
      String how,
      Instant at) {}

  /**
   * What a shut anchor admitted.
   *
   * @param devices how many devices
   * @param live how many of them are not decommissioned
   */
  record Report(
      String manufacturer, Digest anchor, Anchor.Distrust distrust, long devices, long live) {}

  /**
   * That a device came in by an IDevID.
   *
   * @param how what it showed, for instance {@code idevid}
   */
  record Entry(UUID device, Recognition recognition, X509Certificate idevid, String how) {}

  /** That {@link #admit} will be asked for the same in this transaction: what several note is noted together. */
  void expect(Entry entry);

  /**
   * Notes, in the transaction that records a certificate, by which IDevID its device was admitted; refuses with {@code
   * distrusted-anchor} when the anchor or an authority on the way was shut or removed meanwhile.
   */
  void admit(Entry entry);

  /**
   * Shuts an anchor for good: no IDevID is taken any more whose chain has its key in it, whichever certificate stands on
   * that key. Waits for the admissions under way, so that the report has them all. Idempotent.
   */
  Report distrust(String manufacturer, Digest anchor, String reason, Actor actor);

  /** What an anchor admitted at {@code sites} or everywhere, also through authorities under it, by device. */
  Page<Admission> admittedBy(
      String manufacturer, Digest anchor, Set<String> sites, @Nullable String cursor, int limit);
}
