-- Accounts to try with. Each password is 'demo-' and the name.
INSERT INTO account (username, password_hash) VALUES
  ('alice', 'scrypt$16384$8$1$2c9a7452ab827a882f2fea63af41a08e$3a6947f5369bf7ecb336748c481b378c9670c4ff55a162c75553bd4af1b6b8f2'),
  ('bob', 'scrypt$16384$8$1$3e8cbeb7b5851a7c8fe6e4c9168e8bb3$f0d6ba6e9df0e224cf717b586a2e0cff83f5d3420b75086aa39e3f4b9239befd'),
  ('carol', 'scrypt$16384$8$1$12a90e5db2707f321d873f9e8ff2f9fe$52f9dcdbecb6fed0ce33a49e14059e81e50512c2550296cd2a306a683730f8fd'),
  ('dave', 'scrypt$16384$8$1$962f8814df8fb241daee870d5a032752$67bb5e385953b0c277710568b7ce7808c18f06c806f49d6f2d71fa0dba206809'),
  ('erin', 'scrypt$16384$8$1$4e85e42189b12181629939569243b867$b47c5c29dd8a802220e3c17dcf74bb7b211974a416a92f975774c46b3b05b61c');
