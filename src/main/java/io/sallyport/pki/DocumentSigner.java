package io.sallyport.pki;

import io.sallyport.kernel.Der;
import java.io.IOException;
import java.io.InputStream;

/**
 * Signs documents in the name of the server (CMS SignedData, RFC 5652): with a certificate of the internal authority for
 * that and nothing else, sent along with those above it up to the root, so that whoever has the root can check them.
 */
public interface DocumentSigner {
  /** The content type of octets that mean nothing to CMS. */
  String DATA = "1.2.840.113549.1.7.1";

  /**
   * The signature alone; {@code content} is read once, in constant memory, and not closed.
   *
   * @param contentType object identifier
   */
  Der detached(String contentType, InputStream content) throws IOException;

  /** The content with its signature. */
  Der attached(String contentType, byte[] content);
}
