// Group normalisation, scale, shift and SiLU in one: two passes over memory instead of a dozen. bfloat16, channels last:
// x is (B, P places, C), and y = silu(xhat * w + v), or without silu, with w and v (B, C) float, xhat normalised by group.
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static inline float wide(uint16_t half) {
  uint32_t bits = (uint32_t)half << 16;
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

static inline uint16_t narrow(float value) {  // to the nearest, ties to even; NaN is not expected
  uint32_t bits;
  memcpy(&bits, &value, 4);
  return (uint16_t)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

// Without the bound the exponential of a large number is infinite, and what stands for a division in -ffast-math makes
// 1 / infinity not 0 but NaN; at 60 the sigmoid is 0 or 1 to the last bit.
static inline float sigmoid(float u) {
  const float bound = u < -60.0f ? -60.0f : u;
  return 1.0f / (1.0f + expf(-bound));
}

// y = act(x * a + b), with a and b per channel
static void affine(int C, const float *w, const float *v, const float *mean, const float *rstd, int per, float *a,
                   float *b) {
  for (int c = 0; c < C; c++) {
    a[c] = rstd[c / per] * w[c];
    b[c] = v[c] - mean[c / per] * a[c];
  }
}

// mean and rstd are (B, groups) and written
void gn_forward(const uint16_t *x, const float *w, const float *v, uint16_t *y, float *mean, float *rstd, int B, int P,
                int C, int groups, float eps, int act) {
  const int per = C / groups;
  float *room = malloc(4 * C * sizeof(float)), *s1 = room, *s2 = room + C, *a = room + 2 * C, *b = room + 3 * C;
  for (int n = 0; n < B; n++, x += (int64_t)P * C, y += (int64_t)P * C, w += C, v += C, mean += groups, rstd += groups) {
    memset(s1, 0, 2 * C * sizeof(float));
    for (int p = 0; p < P; p++) {
      const uint16_t *row = x + (int64_t)p * C;
#pragma omp simd
      for (int c = 0; c < C; c++) {
        const float value = wide(row[c]);
        s1[c] += value;
        s2[c] += value * value;
      }
    }
    for (int g = 0; g < groups; g++) {
      double first = 0, second = 0;
      for (int c = g * per; c < (g + 1) * per; c++) first += s1[c], second += s2[c];
      const double m = first / ((double)P * per), variance = second / ((double)P * per) - m * m;
      mean[g] = (float)m;
      rstd[g] = (float)(1 / sqrt((variance > 0 ? variance : 0) + eps));
    }
    affine(C, w, v, mean, rstd, per, a, b);
    for (int p = 0; p < P; p++) {
      const uint16_t *row = x + (int64_t)p * C;
      uint16_t *out = y + (int64_t)p * C;
      if (act) {
#pragma omp simd
        for (int c = 0; c < C; c++) {
          const float u = wide(row[c]) * a[c] + b[c];
          out[c] = narrow(u * sigmoid(u));
        }
      } else {
#pragma omp simd
        for (int c = 0; c < C; c++) out[c] = narrow(wide(row[c]) * a[c] + b[c]);
      }
    }
  }
  free(room);
}

// dx like x; dw and dv (B, C)
void gn_backward(const uint16_t *dy, const uint16_t *x, const float *w, const float *v, const float *mean,
                 const float *rstd, uint16_t *dx, float *dw, float *dv, int B, int P, int C, int groups, int act) {
  const int per = C / groups;
  float *room = malloc((4 + (size_t)P) * C * sizeof(float));
  float *a = room, *b = room + C, *q1 = room + 2 * C, *q2 = room + 3 * C, *du = room + 4 * C;
  for (int n = 0; n < B; n++) {
    memset(dv, 0, C * sizeof(float));
    memset(dw, 0, C * sizeof(float));
    affine(C, w, v, mean, rstd, per, a, b);
    for (int p = 0; p < P; p++) {
      const uint16_t *row = x + (int64_t)p * C, *grad = dy + (int64_t)p * C;
      float *d = du + (int64_t)p * C;
      if (act) {
#pragma omp simd
        for (int c = 0; c < C; c++) {
          const float value = wide(row[c]), u = value * a[c] + b[c], s = sigmoid(u);
          d[c] = wide(grad[c]) * s * (1.0f + u * (1.0f - s));
          dv[c] += d[c];
          dw[c] += d[c] * value;
        }
      } else {
#pragma omp simd
        for (int c = 0; c < C; c++) {
          d[c] = wide(grad[c]);
          dv[c] += d[c];
          dw[c] += d[c] * wide(row[c]);
        }
      }
    }
    for (int g = 0; g < groups; g++) {
      const double m = mean[g], r = rstd[g], k = 1.0 / ((double)P * per);
      double first = 0, second = 0;  // sums over the group of dxhat and of dxhat * xhat
      for (int c = g * per; c < (g + 1) * per; c++) {
        dw[c] = (float)(r * (dw[c] - m * dv[c]));
        first += w[c] * dv[c];
        second += w[c] * dw[c];
      }
      for (int c = g * per; c < (g + 1) * per; c++) {
        q1[c] = (float)(-r * r * second * k);
        q2[c] = (float)(-r * first * k + r * r * second * k * m);
      }
    }
    for (int p = 0; p < P; p++) {
      const uint16_t *row = x + (int64_t)p * C;
      const float *d = du + (int64_t)p * C;
      uint16_t *out = dx + (int64_t)p * C;
#pragma omp simd
      for (int c = 0; c < C; c++) out[c] = narrow(d[c] * a[c] + wide(row[c]) * q1[c] + q2[c]);
    }
    x += (int64_t)P * C, dy += (int64_t)P * C, dx += (int64_t)P * C;
    w += C, v += C, dw += C, dv += C, mean += groups, rstd += groups;
  }
  free(room);
}
