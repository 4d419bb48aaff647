package io.sallyport.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class MerkleFrontierTest {
  /** The leaves and roots that Certificate Transparency implementations of RFC 6962 test with. */
  private static final List<String> LEAVES = List.of(
      "",
      "00",
      "10",
      "2021",
      "3031",
      "40414243",
      "5051525354555657",
      "606162636465666768696a6b6c6d6e6f");

  private static final List<String> ROOTS = List.of(
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
      "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");

  @Test
  void everySizeOfTheKnownTreeHasItsKnownRoot() {
    MerkleFrontier tree = MerkleFrontier.EMPTY;
    assertEquals(ROOTS.getFirst(), tree.root().hex());
    for (int size = 1; size <= LEAVES.size(); size++) {
      tree = tree.append(MerkleFrontier.leafHash(HexFormat.of().parseHex(LEAVES.get(size - 1))));
      assertEquals(size, tree.size());
      assertEquals(ROOTS.get(size), tree.root().hex());
    }
  }

  @Property(tries = 200)
  void theRootIsThatOfTheDefinitionAlsoAfterBeingStored(@ForAll @IntRange(max = 600) int size) {
    List<Digest> hashes = new ArrayList<>();
    MerkleFrontier tree = MerkleFrontier.EMPTY;
    for (int i = 0; i < size; i++) {
      hashes.add(MerkleFrontier.leafHash(Integer.toString(i).getBytes(StandardCharsets.UTF_8)));
      tree = MerkleFrontier.of(tree.size(), tree.octets()).append(hashes.get(i));
    }
    assertEquals(byDefinition(hashes), tree.root());
  }

  @Test
  void aStoredFrontierThatDoesNotFitItsSizeIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> MerkleFrontier.of(3, new byte[32]));
    assertThrows(IllegalArgumentException.class, () -> MerkleFrontier.of(-1, new byte[64 * 32]));
  }

  /** RFC 6962 §2.1, word for word. */
  private static Digest byDefinition(List<Digest> hashes) {
    if (hashes.isEmpty()) {
      return Digest.of();
    }
    if (hashes.size() == 1) {
      return hashes.getFirst();
    }
    int k = Integer.highestOneBit(hashes.size() - 1);
    Digest left = byDefinition(hashes.subList(0, k));
    Digest right = byDefinition(hashes.subList(k, hashes.size()));
    return Digest.of(new byte[] {1}, left.octets(), right.octets());
  }
}
