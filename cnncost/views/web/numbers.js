// Numbers: exact ones are BigInt; null where there is none, "?" where it is unknown.

const MEBI = 1n << 20n;

function readAmount(value) {
  return value === null || value === "?" ? value : BigInt(value);
}

/** Add up what is known. */
function addAmounts(values) {
  let sum = 0n;
  for (const value of values) if (typeof value === "bigint") sum += value;
  return sum;
}

/** Write a fraction with so many decimals, half to even, as Python does. */
function writeFraction(above, below, decimals) {
  const scaled = above * 10n ** BigInt(decimals);
  let quotient = scaled / below;
  const twice = 2n * (scaled % below);
  if (twice > below || (twice === below && quotient % 2n === 1n)) quotient += 1n;
  const unit = 10n ** BigInt(decimals);
  const whole = (quotient / unit).toLocaleString("en-US");
  return decimals ? `${whole}.${String(quotient % unit).padStart(decimals, "0")}` : whole;
}

function writeBytes(count) {
  if (10n * count >= MEBI) return `${writeFraction(count, MEBI, 2)} MiB`;
  return `${count.toLocaleString("en-US")} B`;
}

/** Write picoseconds with three digits. */
function writeTime(picoseconds) {
  if (picoseconds === 0n) return "0 s";
  for (const [unit, power] of [["s", 12n], ["ms", 9n], ["us", 6n], ["ns", 3n]]) {
    const one = 10n ** power;
    if (picoseconds * 10000n < 9995n * one) continue;
    const decimals = picoseconds * 1000n < 9995n * one ? 2 : picoseconds * 100n < 9995n * one ? 1 : 0;
    return `${writeFraction(picoseconds, one, decimals)} ${unit}`;
  }
  return `${picoseconds} ps`;
}

const WRITERS = { count: (n) => n.toLocaleString("en-US"), bytes: writeBytes, time: writeTime };

/** Write an amount of a kind: count, bytes or time. */
function writeAmount(value, kind, least = false) {
  if (value === null) return "";
  if (value === "?") return "?";
  return (least ? ">= " : "") + WRITERS[kind](value);
}

/** Return a share as a number from 0 to 1; of nothing, 0. */
function findShare(part, total) {
  if (typeof part !== "bigint" || typeof total !== "bigint" || total <= 0n) return 0;
  return Number((part * 1000000n) / total) / 1000000;
}

function writePercent(part, total) {
  if (total <= 0n || part === 0n) return "0 %";
  if (1000n * part < total) return "< 0.1 %";
  return `${writeFraction(100n * part, total, 1)} %`;
}

/** Write the change in percent, to a tenth. */
function writeChange(before, after) {
  if (before === after) return "";
  if (before === 0n) return "new";
  const change = after > before ? after - before : before - after;
  const sign = after > before ? "+" : "-";
  const text = writeFraction(100n * change, before, 1);
  return text === "0.0" ? `${sign}<0.1` : sign + text;
}
