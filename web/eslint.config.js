import js from "@eslint/js";
import hooks from "eslint-plugin-react-hooks";
import globals from "globals";
import tseslint from "typescript-eslint";

/** A page imports `ui`, `api`, `voice`, `words` and its own folder, never another page. */
const roomRule = (files, patterns) => ({
  files,
  rules: { "no-restricted-imports": ["error", { patterns }] },
});

export default tseslint.config(
  { ignores: ["dist", "node_modules", "src/api/schema.ts"] },
  js.configs.recommended,
  {
    files: ["src/**/*.{ts,tsx}", "vite.config.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "max-lines": ["error", 300],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
    },
  },
  { files: ["src/**/*.{ts,tsx}"], ...hooks.configs.flat["recommended-latest"] },
  { files: ["scripts/**", "eslint.config.js"], languageOptions: { globals: globals.node } },
  roomRule(["src/pages/**"], [{ regex: "^\\.\\./(?!\\.\\./)", message: "A page does not import another page." }]),
  roomRule(["src/ui/**"], [{ group: ["**/pages/**", "**/voice/**"], message: "ui knows no page and no call." }]),
  roomRule(["src/api/**"], [{ group: ["**/pages/**", "**/ui/**", "**/voice/**"], message: "api knows no screen." }]),
  roomRule(["src/voice/**"], [{ group: ["**/pages/**", "**/ui/**"], message: "voice knows no screen." }]),
);
