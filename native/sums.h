/* Check sums: of the register, that is without the inversion before and after. RFC 1952 8. */

static inline uint32_t looked_up(uint32_t word, int row) {
  return crc_table[row][word & 255] ^ crc_table[row - 1][word >> 8 & 255] ^ crc_table[row - 2][word >> 16 & 255] ^
         crc_table[row - 3][word >> 24];
}

#if X86
/* Gopal et al., Fast CRC computation for generic polynomials using PCLMULQDQ: four times sixteen bytes at once, folded
 */
__attribute__((target("pclmul,sse4.1"))) static uint32_t folded(uint32_t crc, const uint8_t *text, size_t size) {
  const __m128i by64 = _mm_set_epi64x(0x01C6E41596, 0x0154442BD4), by16 = _mm_set_epi64x(0x00CCAA009E, 0x01751997D0);
  const __m128i by8 = _mm_set_epi64x(0, 0x0163CD6124), barrett = _mm_set_epi64x(0x01F7011641, 0x01DB710641);
  const __m128i low = _mm_setr_epi32(-1, 0, -1, 0);
  __m128i lane[4], sum;
  for (int place = 0; place < 4; place++)
    lane[place] = _mm_loadu_si128((const __m128i *)(const void *)(text + 16 * place));
  lane[0] = _mm_xor_si128(lane[0], _mm_cvtsi32_si128((int)crc));
  for (text += 64, size -= 64; size >= 64; text += 64, size -= 64)
    for (int place = 0; place < 4; place++) {
      __m128i more = _mm_loadu_si128((const __m128i *)(const void *)(text + 16 * place));
      lane[place] = _mm_xor_si128(
          _mm_xor_si128(_mm_clmulepi64_si128(lane[place], by64, 0x00), _mm_clmulepi64_si128(lane[place], by64, 0x11)),
          more);
    }
  sum = lane[0];
  for (int place = 1; place < 4; place++)
    sum = _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(sum, by16, 0x00), _mm_clmulepi64_si128(sum, by16, 0x11)),
                        lane[place]);
  for (; size >= 16; text += 16, size -= 16) {
    __m128i more = _mm_loadu_si128((const __m128i *)(const void *)text);
    sum = _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(sum, by16, 0x00), _mm_clmulepi64_si128(sum, by16, 0x11)),
                        more);
  }
  sum = _mm_xor_si128(_mm_srli_si128(sum, 8), _mm_clmulepi64_si128(sum, by16, 0x10));
  sum = _mm_xor_si128(_mm_srli_si128(sum, 4), _mm_clmulepi64_si128(_mm_and_si128(sum, low), by8, 0x00));
  __m128i rest = _mm_clmulepi64_si128(_mm_and_si128(sum, low), barrett, 0x10);
  rest = _mm_clmulepi64_si128(_mm_and_si128(rest, low), barrett, 0x00);
  return (uint32_t)_mm_extract_epi32(_mm_xor_si128(sum, rest), 1);
}
#endif

static uint32_t summed(uint32_t crc, const uint8_t *text, size_t size) {
#if X86
  if (size >= 64 && carryless) {
    crc = folded(crc, text, size & ~(size_t)15);
    text += size & ~(size_t)15;
    size &= 15;
  }
#endif
  for (; size >= 16; text += 16, size -= 16)
    crc = looked_up(load32(text) ^ crc, 15) ^
          (looked_up(load32(text + 4), 11) ^ looked_up(load32(text + 8), 7) ^ looked_up(load32(text + 12), 3));
  for (; size >= 4; text += 4, size -= 4) crc = looked_up(load32(text) ^ crc, 3);
  for (; size; text++, size--) crc = crc >> 8 ^ crc_table[0][(crc ^ *text) & 255];
  return crc;
}

/* what so many zero bytes make of a register */
static uint32_t passed(uint32_t crc, uint32_t zeros) {
  while (zeros--) crc = crc >> 8 ^ crc_table[0][crc & 255];
  return crc;
}

typedef const uint32_t (*Advance)[256];

static inline uint32_t advanced(Advance table, uint32_t crc) {
  return table[0][crc & 255] ^ table[1][crc >> 8 & 255] ^ table[2][crc >> 16 & 255] ^ table[3][crc >> 24];
}
