/* Names of blocks: UUIDs of version 5. RFC 3174, RFC 9562 5.5. */

static uint32_t turned(uint32_t word, unsigned by) { return word << by | word >> (32 - by); }

/* five steps, after which each name stands for itself again; the words of the schedule are made as they are needed */
#define WORD_OF(place)                                                                                \
  ((place) < 16 ? word[place]                                                                         \
                : (word[(place) & 15] = turned(word[((place) + 13) & 15] ^ word[((place) + 8) & 15] ^ \
                                                   word[((place) + 2) & 15] ^ word[(place) & 15],     \
                                               1)))
#define STEP(a, b, c, d, e, mixed, constant, place)                 \
  e += turned(a, 5) + (mixed(b, c, d)) + constant + WORD_OF(place); \
  b = turned(b, 30);
#define STEPS(mixed, constant, place)             \
  STEP(a, b, c, d, e, mixed, constant, place)     \
  STEP(e, a, b, c, d, mixed, constant, place + 1) \
  STEP(d, e, a, b, c, mixed, constant, place + 2) \
  STEP(c, d, e, a, b, mixed, constant, place + 3) \
  STEP(b, c, d, e, a, mixed, constant, place + 4)
#define ROUND(mixed, constant, place) \
  STEPS(mixed, constant, place)       \
  STEPS(mixed, constant, place + 5) STEPS(mixed, constant, place + 10) STEPS(mixed, constant, place + 15)
#define CHOICE(b, c, d) (d ^ (b & (c ^ d)))
#define PARITY(b, c, d) (b ^ c ^ d)
#define MAJORITY(b, c, d) ((b & c) | (d & (b | c)))

static void sha1(uint32_t *sum, const uint8_t *block) {
  uint32_t word[16], a = sum[0], b = sum[1], c = sum[2], d = sum[3], e = sum[4];
  for (int place = 0; place < 16; place++) word[place] = __builtin_bswap32(load32(block + 4 * place));
  ROUND(CHOICE, 0x5A827999u, 0)
  ROUND(PARITY, 0x6ED9EBA1u, 20)
  ROUND(MAJORITY, 0x8F1BBCDCu, 40)
  ROUND(PARITY, 0xCA62C1D6u, 60)
  sum[0] += a, sum[1] += b, sum[2] += c, sum[3] += d, sum[4] += e;
}

typedef struct {
  uint32_t sum[5];
  uint64_t size;
  uint8_t rest[64];
} Naming;

static void name_begin(Naming *naming, const uint8_t *text, size_t size) {
  static const uint32_t start[5] = {0x67452301u, 0xEFCDAB89u, 0x98BADCFEu, 0x10325476u, 0xC3D2E1F0u};
  memcpy(naming->sum, start, sizeof start);
  naming->size = size;
  for (; size >= 64; text += 64, size -= 64) sha1(naming->sum, text);
  if (size) memcpy(naming->rest, text, size);
}

static void name_of(const Naming *naming, int64_t start, uint8_t *to) {
  static const char hex[] = "0123456789abcdef";
  uint8_t block[128] = {0}, bytes[16];
  uint32_t sum[5];
  size_t size = naming->size % 64;
  memcpy(sum, naming->sum, sizeof sum);
  memcpy(block, naming->rest, size);
  block[size++] = '/';
  size += written(start, block + size);
  uint64_t bits = (naming->size - naming->size % 64 + size) * 8;
  block[size] = 0x80;
  size_t end = size < 56 ? 64 : 128;
  for (int place = 0; place < 8; place++) block[end - 1 - place] = (uint8_t)(bits >> 8 * place);
  for (size_t at = 0; at < end; at += 64) sha1(sum, block + at);
  for (int place = 0; place < 16; place++) bytes[place] = (uint8_t)(sum[place / 4] >> (24 - 8 * (place % 4)));
  bytes[6] = (uint8_t)((bytes[6] & 0x0F) | 0x50);
  bytes[8] = (uint8_t)((bytes[8] & 0x3F) | 0x80);
  for (int place = 0; place < 16; place++) {
    if (place == 4 || place == 6 || place == 8 || place == 10) *to++ = '-';
    *to++ = (uint8_t)hex[bytes[place] >> 4];
    *to++ = (uint8_t)hex[bytes[place] & 15];
  }
}
