package io.sallyport.attestation;

import static io.sallyport.attestation.TpmConstants.GENERATED;
import static io.sallyport.attestation.TpmConstants.LARGEST_DIGEST;
import static io.sallyport.attestation.TpmConstants.LARGEST_NAME;
import static io.sallyport.attestation.TpmConstants.ST_ATTEST_CERTIFY;
import static io.sallyport.attestation.TpmConstants.ST_ATTEST_QUOTE;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What a TPM says and signs of itself, TPMS_ATTEST (TPM 2.0 Library, Part 2 §10.12.8). Read only after its signature
 * held.
 */
sealed interface TpmAttest {
  /** Refused before it is read: a quote over every bank that there is has under 300 octets. */
  int LONGEST = 1024;

  /** TPML_PCR_SELECTION holds one entry for each bank; no TPM has more of them. */
  int MOST_BANKS = 16;

  /** PC Client TPMs have 24 PCRs; a bitmap of four octets is the most that any profile of TPM has. */
  int LONGEST_BITMAP = 4;

  /** The caller's data, which makes it fresh. */
  byte[] extraData();

  TpmClock clock();

  /**
   * TPM2_Quote.
   *
   * @param selections in the order in which their PCRs were hashed
   */
  record Quote(
      byte[] extraData, TpmClock clock, long firmware, List<Selection> selections, byte[] pcrDigest)
      implements TpmAttest {
    public Quote {
      selections = List.copyOf(selections);
    }
  }

  /** TPM2_Certify: the Name of the key that was certified. */
  record Certification(byte[] extraData, TpmClock clock, byte[] name) implements TpmAttest {}

  /**
   * PCRs of one bank.
   *
   * @param bank number of the hash
   */
  record Selection(int bank, SortedSet<Integer> pcrs) {}

  static Quote quote(byte[] octets) {
    TpmReader reader = reader(octets, "quote");
    Header header = header(reader, ST_ATTEST_QUOTE);
    int count = reader.u32("PCR selection");
    if (count < 0 || count > MOST_BANKS) {
      throw reader.refusal("its PCR selection has too many banks");
    }
    List<Selection> selections = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int bank = reader.u16("PCR bank");
      int length = reader.u8("PCR bitmap's size");
      if (length == 0 || length > LONGEST_BITMAP) {
        throw reader.refusal("a bitmap of PCRs has " + length + " octets");
      }
      // Little-endian within: PCR 0 is the lowest bit of the first octet.
      BitSet bits = BitSet.valueOf(reader.octets(length, "PCR bitmap"));
      SortedSet<Integer> pcrs = new TreeSet<>();
      bits.stream().forEach(pcrs::add);
      selections.add(new Selection(bank, pcrs));
    }
    byte[] digest = reader.sized(LARGEST_DIGEST, "PCR digest");
    reader.end();
    return new Quote(header.extraData, header.clock, header.firmware, selections, digest);
  }

  static Certification certification(byte[] octets) {
    TpmReader reader = reader(octets, "key certification");
    Header header = header(reader, ST_ATTEST_CERTIFY);
    byte[] name = reader.sized(LARGEST_NAME, "certified name");
    reader.sized(LARGEST_NAME, "certified qualified name");
    reader.end();
    return new Certification(header.extraData, header.clock, name);
  }

  private static TpmReader reader(byte[] octets, String what) {
    TpmReader reader = new TpmReader(octets, what, AttestationProblem.INVALID_EVIDENCE);
    if (octets.length > LONGEST) {
      throw reader.refusal("it has more than " + LONGEST + " octets");
    }
    return reader;
  }

  /** What every attestation begins with. */
  record Header(byte[] extraData, TpmClock clock, long firmware) {}

  private static Header header(TpmReader reader, int type) {
    if (reader.u32("magic") != GENERATED) {
      throw reader.refusal("it does not begin with the magic number of what a TPM made itself");
    }
    reader.expect(type, reader.u16("type"), "type");
    reader.sized(LARGEST_NAME, "signer");
    byte[] extraData = reader.sized(LARGEST_NAME, "extra data");
    long clock = reader.u64("clock");
    int resetCount = reader.u32("reset count");
    int restartCount = reader.u32("restart count");
    int safe = reader.u8("safe");
    if (safe > 1) {
      throw reader.refusal("its safe is neither yes nor no");
    }
    long firmware = reader.u64("firmware version");
    return new Header(
        extraData, new TpmClock(clock, resetCount, restartCount, safe == 1), firmware);
  }
}
