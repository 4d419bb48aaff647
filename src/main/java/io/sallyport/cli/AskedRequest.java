package io.sallyport.cli;

import io.sallyport.kernel.Der;
import java.security.KeyPair;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.ASN1Set;
import org.bouncycastle.asn1.pkcs.Attribute;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.AttributeTypeAndValue;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extensions;
import org.jspecify.annotations.Nullable;

/**
 * What a server wants to find in a request, as csrattrs tells it (RFC 7030 §4.5, RFC 9908): extensions with their values,
 * and the subject of a template. Of the rest, what the kind of key is among it, the server's refusal tells.
 *
 * @param subject each attribute of the wanted subject, in its order; empty when none is asked for
 * @param extensions to be asked for as they are
 */
record AskedRequest(List<SubjectPart> subject, @Nullable Extensions extensions) {
  static final AskedRequest NOTHING = new AskedRequest(List.of(), null);

  private static final ASN1ObjectIdentifier TEMPLATE =
      new ASN1ObjectIdentifier("1.2.840.113549.1.9.16.2.61");
  private static final int MOST_PARTS = 32;

  AskedRequest {
    subject = List.copyOf(subject);
  }

  /** @param value null when the client fills in its own */
  record SubjectPart(ASN1ObjectIdentifier type, @Nullable ASN1Encodable value) {}

  /** Reads CsrAttrs; fails on what is none. */
  static AskedRequest read(byte[] encoded) {
    try {
      List<SubjectPart> subject = List.of();
      Extensions extensions = null;
      for (ASN1Encodable one : ASN1Sequence.getInstance(encoded)) {
        if (one.toASN1Primitive() instanceof ASN1ObjectIdentifier) {
          continue;
        }
        Attribute attribute = Attribute.getInstance(one);
        ASN1Set values = attribute.getAttrValues();
        if (attribute.getAttrType().equals(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest)
            && values.size() == 1) {
          extensions = Extensions.getInstance(values.getObjectAt(0));
        } else if (attribute.getAttrType().equals(TEMPLATE) && values.size() == 1) {
          subject = subject(ASN1Sequence.getInstance(values.getObjectAt(0)));
        }
      }
      return new AskedRequest(subject, extensions);
    } catch (RuntimeException e) {
      // The parser has unchecked exceptions of many kinds for what is no CsrAttrs.
      throw MultipartMixed.unreadable("it does not say what a request must have");
    }
  }

  /** A template begins with its version; a subject without values is the second of its fields. */
  private static List<SubjectPart> subject(ASN1Sequence template) {
    if (template.size() < 2 || !(template.getObjectAt(1) instanceof ASN1Sequence name)) {
      return List.of();
    }
    List<SubjectPart> parts = new ArrayList<>();
    for (ASN1Encodable rdn : name) {
      for (ASN1Encodable one : ASN1Set.getInstance(rdn)) {
        ASN1Sequence part = ASN1Sequence.getInstance(one);
        if (parts.size() == MOST_PARTS || part.size() < 1 || part.size() > 2) {
          throw new IllegalArgumentException("no subject");
        }
        parts.add(new SubjectPart(
            ASN1ObjectIdentifier.getInstance(part.getObjectAt(0)),
            part.size() == 1 ? null : part.getObjectAt(1)));
      }
    }
    return parts;
  }

  /** The subject that is asked for, with the values that are the device's own from {@code own}; else {@code own}. */
  X500Name subject(X500Name own) {
    if (subject.isEmpty()) {
      return own;
    }
    List<RDN> rdns = new ArrayList<>();
    for (SubjectPart part : subject) {
      RDN[] known = own.getRDNs(part.type());
      if (part.value() != null) {
        rdns.add(new RDN(new AttributeTypeAndValue(part.type(), part.value())));
      } else if (known.length > 0) {
        rdns.add(known[0]);
      }
    }
    return new X500Name(rdns.toArray(RDN[]::new));
  }

  /** A request that has all of it, signed by {@code key}. */
  Der request(KeyPair key, X500Name own) {
    return Requests.forSubject(key, subject(own), extensions);
  }
}
