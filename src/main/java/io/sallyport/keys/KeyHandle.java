package io.sallyport.keys;

import io.sallyport.kernel.Der;
import java.util.UUID;

/** A key that this server holds, without its private part. */
public record KeyHandle(UUID id, KeyAlgorithm algorithm, Der subjectPublicKeyInfo) {}
