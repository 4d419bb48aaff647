package io.sallyport.enrollment;

import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Credential;
import io.sallyport.pki.Credentials;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.bouncycastle.asn1.x509.Certificate;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;

/** Which host names a device may have at all (RFC 1123 §2.1, law 10). */
@ApplicationScoped
class HostNames {
  private static final int LONGEST = 253;
  private static final Pattern NAME =
      Pattern.compile("([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?");

  /** RFC 6761 §6.3, and what systems call themselves. */
  private static final Set<String> LOCAL = Set.of("localhost", "localdomain");

  private final Credentials credentials;

  HostNames(Credentials credentials) {
    this.credentials = credentials;
  }

  /** In lower case; refuses what is no full host name, and those that are the server's or mean the asker's own host. */
  String require(String text) {
    String name = text.toLowerCase(Locale.ROOT);
    if (name.length() > LONGEST || !NAME.matcher(name).matches()) {
      throw new Refusal(
          EnrollmentProblem.INVALID_HOST_NAME,
          "A host name has at least two labels of letters, digits and hyphens, and no wildcard.");
    }
    if (LOCAL.contains(name.substring(name.lastIndexOf('.') + 1)) || ofServers().contains(name)) {
      throw new Refusal(
          EnrollmentProblem.INVALID_HOST_NAME,
          "The host name is reserved; no device can be called so.");
    }
    return name;
  }

  /** What the nodes of this server are certified for. */
  private Set<String> ofServers() {
    Set<String> names = new HashSet<>();
    for (Credential server : credentials.live(CertificateSubject.Kind.SERVER)) {
      GeneralNames found = GeneralNames.fromExtensions(
          Certificate.getInstance(server.certificate().octets())
              .getTBSCertificate()
              .getExtensions(),
          Extension.subjectAlternativeName);
      for (GeneralName name : found.getNames()) {
        if (name.getTagNo() == GeneralName.dNSName) {
          names.add(name.getName().toString().toLowerCase(Locale.ROOT));
        }
      }
    }
    return names;
  }
}
