import tseslint from 'typescript-eslint'
import vue from 'eslint-plugin-vue'

// Components alone: oxlint checks the rest with the same rules (.oxlintrc.json) in a tenth of the time, but no types in components.
export default tseslint.config(
  {
    ignores: [
      '**/node_modules/**',
      'out/**',
      '**/generated/**',
      'test-results/**',
      'artifacts/**',
      'playwright-report/**',
    ],
  },
  ...tseslint.configs.strictTypeChecked.map((config) => ({ ...config, files: ['**/*.vue'] })),
  ...vue.configs['flat/recommended'],
  {
    files: ['**/*.vue'],
    languageOptions: {
      parserOptions: { projectService: true, extraFileExtensions: ['.vue'], parser: tseslint.parser },
    },
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-dynamic-delete': 'off',
      '@typescript-eslint/unified-signatures': 'off',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      // Dependencies come in as options objects of functions, which are taken apart at the door; none of them uses `this`.
      '@typescript-eslint/unbound-method': 'off',
      // Streams and menus of libraries are typed by interface and made by factories.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // `void version.value` reads a ref for its dependency alone.
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      'no-console': 'error',
      'vue/max-attributes-per-line': 'off',
      'vue/html-self-closing': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/html-indent': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/multi-word-component-names': 'off',
      'vue/require-default-prop': 'off',
      'vue/attributes-order': 'off',
      'vue/no-v-html': 'error',
    },
  },
)
