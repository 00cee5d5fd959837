@echo off
"%~dp0..\node.exe" --max-semi-space-size=8 "%~dp0..\cli\out\main\cli.js" %*
