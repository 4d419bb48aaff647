package io.sallyport.devices;

import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.UUID;

/**
 * That an IDevID's chain is valid to a manufacturer's anchor.
 *
 * @param manufacturer the manufacturer's name
 * @param anchor digest of the anchor's certificate
 * @param path from the IDevID to the last one that the anchor signed
 * @param authorities digest of the public key of each authority from the device to the anchor
 * @param distrusted whether one of these keys was distrusted when this was found
 */
public record Recognition(
    UUID manufacturerId,
    String manufacturer,
    Digest anchor,
    AnchorTerms terms,
    List<X509Certificate> path,
    List<Digest> authorities,
    boolean distrusted) {
  public Recognition {
    path = List.copyOf(path);
    authorities = List.copyOf(authorities);
  }

  /** Refuses what the anchor does not count for. */
  public void requireSerialNumber(String serialNumber) {
    if (!terms.coversSerialNumber(serialNumber)) {
      throw new Refusal(
          DeviceProblem.OUTSIDE_ANCHOR,
          "The manufacturer's trust anchor does not count for this serial number.");
    }
  }

  /** Refuses what the anchor does not count for. */
  public void requireModel(String model) {
    if (!terms.coversModel(model)) {
      throw new Refusal(
          DeviceProblem.OUTSIDE_ANCHOR,
          "The manufacturer's trust anchor does not count for this model.");
    }
  }
}
