package io.sallyport.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.x509.AccessDescription;
import org.bouncycastle.asn1.x509.AuthorityInformationAccess;
import org.bouncycastle.asn1.x509.CRLDistPoint;
import org.bouncycastle.asn1.x509.DistributionPoint;
import org.bouncycastle.asn1.x509.DistributionPointName;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.jspecify.annotations.Nullable;

/** Where the list of a root that is kept off the server is served (RFC 5280 §4.2.1.13, §4.2.2.1). */
final class StatusPointers {
  private StatusPointers() {}

  /** By the status address if one is given, otherwise the list that the request names; a root has no OCSP responder. */
  static void add(
      ExtensionsGenerator extensions,
      @Nullable Extensions asked,
      @Nullable String statusUrl,
      String root)
      throws IOException {
    String list = list(asked, statusUrl, root);
    if (list != null) {
      extensions.addExtension(
          Extension.cRLDistributionPoints, false, new CRLDistPoint(new DistributionPoint[] {
            new DistributionPoint(
                new DistributionPointName(
                    new GeneralNames(new GeneralName(GeneralName.uniformResourceIdentifier, list))),
                null,
                null)
          }));
      extensions.addExtension(
          Extension.authorityInfoAccess,
          false,
          new AuthorityInformationAccess(
              AccessDescription.id_ad_caIssuers,
              new GeneralName(
                  GeneralName.uniformResourceIdentifier,
                  list.replaceFirst("/crl/([^/]+)/0\\.crl$", "/ca/$1.cer"))));
    }
  }

  private static @Nullable String list(
      @Nullable Extensions asked, @Nullable String statusUrl, String root) {
    if (statusUrl != null) {
      return statusUrl.replaceAll("/+$", "") + "/crl/" + root + "/0.crl";
    }
    Extension points = asked == null ? null : asked.getExtension(Extension.cRLDistributionPoints);
    if (points == null) {
      return null;
    }
    for (DistributionPoint point :
        CRLDistPoint.getInstance(points.getParsedValue()).getDistributionPoints()) {
      if (point.getDistributionPoint() != null
          && point.getDistributionPoint().getType() == DistributionPointName.FULL_NAME) {
        GeneralName[] names =
            GeneralNames.getInstance(point.getDistributionPoint().getName()).getNames();
        if (names[0].getTagNo() == GeneralName.uniformResourceIdentifier) {
          return names[0].getName().toString();
        }
      }
    }
    return null;
  }

  static List<String> lines(@Nullable Extensions asked, @Nullable String statusUrl, String root) {
    List<String> lines = new ArrayList<>();
    String list = list(asked, statusUrl, root);
    lines.add("revocation list: " + (list == null ? "none named" : list));
    return lines;
  }
}
