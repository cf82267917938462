/* Bits on their way out, the least significant first. RFC 1951 3.1. */

typedef struct {
  uint8_t *at;
  uint64_t bits;
  uint32_t count;
} Out;

static inline void put(Out *out, uint64_t bits, uint32_t count) {
  out->bits |= bits << out->count;
  out->count += count;
  store64(out->at, out->bits);
  out->at += out->count >> 3;
  out->bits >>= out->count & ~7u;
  out->count &= 7;
}

static inline void put_literals(Out *out, const uint8_t *text, size_t size) {
  for (; size; text++, size--) put(out, literal[*text].bits, literal[*text].count);
}

/* code and extra bits of a distance */
static inline Code code_of_distance(uint32_t far) {
  unsigned symbol = far <= 256 ? near_symbol[far - 1] : far_symbol[(far - 1) >> 7];
  Code code = distance[symbol];
  code.bits |= (far - distance_base[symbol]) << code.count;
  code.count = (uint8_t)(code.count + distance_extra[symbol]);
  return code;
}

/* how much of a match goes at once: nothing shorter than the shortest may be left */
static inline uint32_t part_of(uint32_t length) {
  if (length <= LONGEST) return length;
  return length - LONGEST < SHORTEST ? length - SHORTEST : LONGEST;
}

static void put_match(Out *out, uint32_t length, uint32_t far) {
  Code code = code_of_distance(far);
  while (length) {
    uint32_t part = part_of(length);
    put(out, length_of[part].bits, length_of[part].count);
    put(out, code.bits, code.count);
    length -= part;
  }
}
