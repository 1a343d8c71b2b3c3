import { describe, expect, it } from 'vitest';
import { banner } from '../../src/cli/banner.js';
import { readConfig } from '../../src/config.js';

const lineWith = (text: string, part: string): string =>
  text
    .split('\n')
    .find((line) => line.includes(part))
    ?.trim() ?? '';

describe('the lines to paste', () => {
  it('are those of the README when nothing is configured', () => {
    const text = banner('http://127.0.0.1:8080', readConfig({}));
    expect(lineWith(text, 'verify')).toBe('npx event-ledger verify');
    expect(lineWith(text, 'demo:tamper')).toContain('npm run demo:tamper');
    expect(text).toContain('$(cat .event-ledger/admin-password)');
  });

  it('work in a terminal that does not have the settings of this one', () => {
    const text = banner('http://127.0.0.1:9090', readConfig({ LEDGER_DATA: "my data's" }));
    const settings = String.raw`LEDGER_DATA='my data'\''s' `;
    expect(lineWith(text, 'event-ledger verify')).toBe(
      `${settings}npx event-ledger verify --url http://127.0.0.1:9090`,
    );
    expect(text).toContain(`${settings}npm run demo:tamper`);
    expect(text).toContain(String.raw`$(cat 'my data'\''s/admin-password')`);
  });

  it('say how to trust a certificate, where there is one', () => {
    expect(banner('http://127.0.0.1:8080', readConfig({}))).not.toContain('cacert');
    const text = banner('https://127.0.0.1:8080', readConfig({}));
    expect(text).toMatch(/^\nThe ledger runs at https:[^]*--cacert FILE, and NODE_EXTRA_CA_CERTS=FILE/);
    expect(lineWith(text, 'event-ledger verify')).toBe(
      'npx event-ledger verify --url https://127.0.0.1:8080',
    );
  });

  it('name the demonstration only where it is', () => {
    const text = banner('http://127.0.0.1:8080', readConfig({}), false);
    expect(text).not.toContain('demo:tamper');
    expect(text).toMatch(/verify\n\nCtrl-C/);
  });
});
